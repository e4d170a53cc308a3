"""Channels: found by their file, refused with the line to mend, tried again at the right times."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.notifier import channels
from services.notifier.channel_file import expand, load_channels, read_channels
from services.notifier.channels import ChannelConfig, Form, TransportError
from services.notifier.channels._over_http import retry_after
from services.notifier.channels.webhook import read_answer
from services.notifier.delivery.record import message_id, notice_of_message_id, sheet_key
from services.notifier.delivery.routes import routes
from services.notifier.posting import GatewayAnswer
from services.notifier.retry import RetryPolicy
from shared.directory import ChannelAddress, Person
from shared.directory.addresses import masked
from shared.facts import Name
from shared.ids import CaseId, NoticeId, PersonId, UnitId
from shared.lined_yaml import YamlFault
from tests.lab import ROOT
from tests.notifier.decisions import a_notice

NOW = datetime(2026, 11, 2, 19, 3, tzinfo=UTC)
CASE = CaseId("01KB0000000000000000000000")


def test_every_kind_has_a_config_and_a_factory():
    assert set(channels.kinds()) == {"apprise", "email", "http", "mqtt", "nats", "smpp", "webhook", "webpush"}
    for name in channels.kinds():
        module = channels.kind(name)
        assert issubclass(module.Config, ChannelConfig)
        assert callable(module.make)


def test_a_new_file_is_a_new_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "pigeon.py").write_text("")
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    assert "pigeon" in channels.kinds()


def test_the_channel_file_of_the_tree_is_valid_and_takes_its_addresses_from_the_environment():
    found = load_channels(
        ROOT / "config" / "channels.yaml",
        {"FENGHUO_GATEWAY_URL": "https://gateway.example", "FENGHUO_SMTP_PORT": "2525"},
    )
    assert {name: one.kind for name, one in found.items()} == {
        "voice": "webhook", "sms": "webhook", "chat": "webhook", "email": "email", "browser": "webpush",
    }  # fmt: skip
    assert getattr(found["voice"].config, "url", "") == "https://gateway.example/voice"
    assert found["voice"].config.form is Form.SPOKEN
    assert getattr(found["email"].config, "port", 0) == 2525
    assert load_channels(ROOT / "config" / "channels.yaml", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels:\n  sms:\n    kind: pigeon\n", ["channels.yaml:3", "webhook"]),
        (
            "channels:\n  sms:\n    kind: webhook\n    url: ftp://x\n",
            ["channels.yaml:4", "channels.sms.url", "http(s)"],
        ),
        (
            "channels:\n  sms:\n    kind: webhook\n    url: http://x\n    colour: red\n",
            ["channels.yaml:5", "colour"],
        ),
        (
            "channels:\n  sms:\n    kind: webhook\n    url: ${NOT_THERE}\n",
            ["channels.yaml:4", "NOT_THERE is not set"],
        ),
        (
            "channels:\n  sms:\n    kind: webhook\n    url: http://x\n    retry: {attempts: 0}\n",
            ["channels.yaml:5", "attempts"],
        ),
        (
            'channels:\n  mail:\n    kind: email\n    host: h\n    from: "a\\nb"\n',
            ["channels.yaml:5", "mail address"],
        ),
        ("channels: {}\n", ["channels.yaml:1"]),
    ],
)
def test_a_fault_in_the_channel_file_names_its_line_and_the_remedy(text: str, words: list[str]):
    with pytest.raises(YamlFault) as fault:
        read_channels(text, {})
    for word in words:
        assert word in str(fault.value)


def test_a_default_stands_where_the_environment_says_nothing():
    assert expand("${A:-x} ${B:-} ${A:-y}", {"A": "1"}, "f") == "1  1"


def test_waits_grow_to_the_cap_and_attempts_end():
    policy = RetryPolicy(
        attempts=5, first=timedelta(seconds=1), factor=3, cap=timedelta(seconds=10), jitter=0
    )
    waits = [policy.wait_after(attempt, roll=0.5) for attempt in range(1, 6)]
    assert waits == [
        timedelta(seconds=1),
        timedelta(seconds=3),
        timedelta(seconds=9),
        timedelta(seconds=10),
        None,
    ]


@given(
    st.integers(1, 4),
    st.floats(0, 0.999),
    st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=2))),
)
def test_no_wait_exceeds_the_cap_or_falls_below_what_was_asked(
    attempt: int, roll: float, asked: timedelta | None
):
    policy = RetryPolicy(attempts=5)
    wait = policy.wait_after(attempt, roll=roll, asked_pause=asked)
    assert wait is not None
    assert timedelta(0) < wait <= policy.cap
    assert wait >= min(asked or timedelta(0), policy.cap)


@pytest.mark.parametrize(
    ("status", "retry"),
    [(408, True), (429, True), (500, True), (503, True), (400, False), (401, False), (302, False)],
)
def test_what_a_gateway_answers_decides_whether_to_try_again(status: int, retry: bool):
    with pytest.raises(TransportError) as failure:
        read_answer(GatewayAnswer(status, {"Retry-After": "7"}, b"no line\nfree"), NOW)
    assert failure.value.retry is retry
    assert str(status) in failure.value.reason
    assert "\n" not in failure.value.reason
    assert failure.value.after == (timedelta(seconds=7) if retry else None)


def test_a_gateways_reference_is_kept():
    assert read_answer(GatewayAnswer(202, {}, b'{"reference": "r-1"}'), NOW) == "r-1"
    assert read_answer(GatewayAnswer(200, {}, b'{"id": 7}'), NOW) == "7"
    assert read_answer(GatewayAnswer(204, {}, b""), NOW) is None
    assert read_answer(GatewayAnswer(200, {}, b"[1]"), NOW) is None


@given(st.text())
def test_retry_after_is_a_time_or_nothing(value: str):
    wait = retry_after(value, NOW)
    assert wait is None or wait >= timedelta(0)


def test_retry_after_comes_as_seconds_or_as_a_date():
    assert retry_after("120", NOW) == timedelta(minutes=2)
    assert retry_after("Mon, 02 Nov 2026 19:03:30 GMT", NOW) == timedelta(seconds=30)
    assert retry_after("Mon, 02 Nov 2026 18:00:00 GMT", NOW) == timedelta(0)


def test_ids_that_a_gateway_sends_back_lead_to_the_record():
    notice = NoticeId(f"{CASE}.12.3")
    assert message_id(notice, "sms") == f"{CASE}-12-3-sms"
    assert notice_of_message_id(message_id(notice, "sms")) == notice
    assert sheet_key(notice) == f"{CASE}.12"


@given(st.text())
def test_any_other_id_leads_nowhere_dangerous(given_id: str):
    key = notice_of_message_id(given_id)
    assert key is None or not set(key) & set("*> \r\n$/")


def test_addresses_leave_masked():
    assert masked("+860000000101") == "…0101"
    assert masked("zhao.jia@wangfeng.example") == "z…@wangfeng.example"
    assert masked("110") == "…"


def somebody(*kinds: str) -> Person:
    addresses = tuple(ChannelAddress(channel=kind, address=f"{kind}:1") for kind in kinds)
    return Person(
        id=PersonId("zhao_jia"),
        name=Name(zh="赵甲", en="Zhao Jia"),
        unit=UnitId("government"),
        channels=addresses,
    )


def test_every_named_channel_gets_an_outcome_and_others_only_when_none_is_left():
    notice = a_notice(CASE, channels=("voice", "sms", "voice"))
    both = routes(notice, somebody("voice", "sms", "email"), {"voice", "sms", "email"})
    assert [(route.channel, route.addresses) for route in both] == [
        ("voice", ("voice:1",)),
        ("sms", ("sms:1",)),
    ]
    one = routes(notice, somebody("sms", "email"), {"voice", "sms", "email"})
    assert [(route.channel, bool(route.obstacle)) for route in one] == [("voice", True), ("sms", False)]
    none = routes(notice, somebody("email", "chat"), {"voice", "sms", "email"})
    assert [(route.channel, bool(route.obstacle)) for route in none] == [
        ("voice", True),
        ("sms", True),
        ("email", False),
    ]
    nobody = routes(replace(notice, person=PersonId("x")), None, {"voice"})
    assert all(route.obstacle for route in nobody)
    [unreachable] = routes(replace(notice, channels=()), somebody(), {"voice"})
    assert "has no address at all" in str(unreachable.obstacle)


def test_every_commented_example_of_the_channel_file_is_valid():
    """What an operator uncomments works once the secrets are there."""
    text = (ROOT / "config" / "channels.yaml").read_text(encoding="utf-8")
    lines = [
        line[4:] for line in text.splitlines() if line.startswith("  # ") and not line.startswith("  # -")
    ]
    entries: list[list[str]] = []
    for line in lines:
        if re.match(r"[a-z_]+:( \{| #|$)", line):
            entries.append([line])
        elif entries and line.startswith("  "):
            entries[-1].append(line)
    assert len(entries) >= 14
    kinds = set[str]()
    for entry in entries:
        [configured] = read_channels("channels:\n" + "\n".join(f"  {line}" for line in entry), {}).values()
        kinds.add(configured.kind)
    assert kinds | {"webhook", "email", "webpush"} == set(channels.kinds())
