"""Any gateway that a description says: what is asked, how it is signed, what its answers mean, what is refused."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channel_file import read_channels
from services.notifier.channels import Form, TransportError, Trouble
from services.notifier.channels._description import shipped, shipped_description
from services.notifier.channels._fill import cut
from services.notifier.channels._over_http import retry_after
from shared.lined_yaml import YamlFault
from tests.notifier.channels.scripted import (
    LINK,
    MESSAGE,
    TEXT,
    Heard,
    Says,
    answer,
    channel,
    floods,
    gateway,
    hangs,
    hangs_up,
    message,
    secret_files,
    trickles,
)

ENTRY = """
kind: http
private: true
timeout: PT0.5S
description:
  title: a gateway of a county
  url: {url}/send
  answer: {{taken_by: outcome, outcome: [code], reference: [data.ids.0], words: [why], "yes": [0], "no": [7], later: [8], ours: ["9*"]}}
  {asks}
{more}
"""


def own(url: str, asks: str, more: str = "") -> str:
    return ENTRY.format(url=url, asks=asks, more=more)


OK = answer({"code": 0, "data": {"ids": ["r-1"]}})


def test_every_shipped_description_is_whole_and_says_where_it_is_from() -> None:
    assert len(shipped()) == 15
    for name in shipped():
        description = shipped_description(name)
        assert description.url.startswith("https://")
        assert name == "generic" or (description.docs or "").startswith("https://")
        assert (description.says is Form.SPOKEN) == name.endswith("_voice")


async def test_the_generic_gateway_gets_json_signed_over_time_and_body(tmp_path: Path) -> None:
    secret_files(tmp_path, gate="sesame")
    async with gateway(answer({"reference": "r-9"})) as lab:
        entry = f"kind: http\ngateway: generic\norigin: {lab.url}\nprivate: true\nsecrets: {{key: gate}}"
        async with channel(entry, tmp_path) as generic:
            assert await generic.deliver(message()) == "r-9"
        [heard] = lab.heard
    signed = f"{heard.headers['x-timestamp']}.".encode() + heard.body
    assert heard.headers["x-signature"] == f"sha256={hmac.new(b'sesame', signed, hashlib.sha256).hexdigest()}"
    assert heard.headers["idempotency-key"] == MESSAGE.id
    assert heard.json["text"] == TEXT


async def test_a_form_a_query_and_a_templated_body_carry_the_same_words(tmp_path: Path) -> None:
    text = '3 < 5 & "quoted"\nzwei {text} 烽火'
    asked: dict[str, Callable[[Heard], str]] = {
        'form: {m: "{to_digits}", c: "{text}"}': lambda heard: heard.form["c"],
        'method: GET\n  query: {m: "{to_digits}", c: "{text}"}': lambda heard: heard.query["c"],
        'json: {deep: [{c: "{text}"}]}': lambda heard: heard.json["deep"][0]["c"],
    }
    for asks, read in asked.items():
        async with gateway(OK) as lab, channel(own(lab.url, asks), tmp_path) as http:
            assert await http.deliver(message(text=text)) == "r-1"
            assert read(lab.heard[0]) == text
    xml = 'text: "<sms to=\\"{to|xml}\\">{text|xml}</sms>"\n  headers: {Content-Type: text/xml}'
    async with gateway(OK) as lab, channel(own(lab.url, xml), tmp_path) as http:
        await http.deliver(message(text=text))
        [heard] = lab.heard
    assert heard.headers["content-type"] == "text/xml"
    assert heard.body.decode() == (
        '<sms to="+8613900001111">3 &lt; 5 &amp; &quot;quoted&quot;\nzwei {text} 烽火</sms>'
    )


async def test_a_line_of_words_is_understood(tmp_path: Path) -> None:
    entry = """
kind: http
private: true
description:
  title: an old one
  url: {url}/msg/send
  form: {{account: "{{name}}", pswd: "{{secret.key}}", mobile: "{{to_national}}", msg: "{{text}}"}}
  settings: {{name: the account}}
  secrets: {{key: its password}}
  answer: {{format: words, taken_by: outcome, outcome: ["1"], reference: ["2"], "yes": [0], "no": [107]}}
with: {{name: hall}}
secrets: {{key: old}}
"""
    secret_files(tmp_path, old="pass")
    async with (
        gateway(answer(b"20110725160412,0\n1234567890100")) as lab,
        channel(entry.format(url=lab.url), tmp_path) as old,
    ):
        assert await old.deliver(message()) == "1234567890100"
        assert lab.heard[0].form["pswd"] == "pass"
        lab.says = [answer(b"20110725160412,107")]
        with pytest.raises(TransportError) as refused:
            await old.deliver(message())
    assert refused.value.trouble is Trouble.ADDRESS


async def test_basic_and_hmac_sign_as_they_are_described(tmp_path: Path) -> None:
    secret_files(tmp_path, who="hall", key="sesame")
    basic = own("{url}", "json: {}\n  sign: {scheme: basic}", "secrets: {key_id: who, key: key}")
    hashed = own(
        "{url}",
        'json: {t: "{text}"}\n  sign: {scheme: hmac, hash: sha512, encoding: base64, header: X-Sig, '
        'over: "{method}|{path}|{nonce}|{body}"}',
        "secrets: {key: key}",
    )
    async with gateway(OK) as lab:
        for entry in (basic, hashed):
            async with channel(entry.replace("{url}", lab.url), tmp_path) as http:
                await http.deliver(message(text="{nonce}"))
        first, second = lab.heard
    assert first.headers["authorization"] == f"Basic {base64.b64encode(b'hall:sesame').decode()}"
    over = f"POST|/send|{second.headers['x-nonce']}|".encode() + second.body
    digest = hmac.new(b"sesame", over, hashlib.sha512).digest()
    assert second.headers["x-sig"] == base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("says", "trouble", "words"),
    [
        (answer({"code": 7, "why": "空号"}), Trouble.ADDRESS, "空号"),
        (answer({"code": 8}), Trouble.GATEWAY, "8"),
        (answer({"code": "901"}), Trouble.OURS, "channel file"),
        (answer({"code": 12345}), Trouble.GATEWAY, "12345"),
        (answer({"code": None}), Trouble.GATEWAY, "not that gateway"),
        (answer(b""), Trouble.GATEWAY, "not that gateway"),
        (answer({"code": 7}, "400 Bad Request"), Trouble.ADDRESS, "7"),
        (answer({"code": 0}, "400 Bad Request"), Trouble.OURS, "channel file"),
        (answer(b"proxy says no", "502 Bad Gateway"), Trouble.GATEWAY, "502"),
        (answer({}, "302 Found", Location="http://127.0.0.1/"), Trouble.OURS, "302"),
        (hangs, Trouble.GATEWAY, "no answer within"),
        (trickles, Trouble.GATEWAY, "no answer within"),
        (floods, Trouble.GATEWAY, "not that gateway"),
        (hangs_up, Trouble.GATEWAY, "ended"),
    ],
)
async def test_whatever_it_says_somebody_is_named(
    says: Says, trouble: Trouble, words: str, tmp_path: Path
) -> None:
    async with gateway(says) as lab, channel(own(lab.url, 'json: {t: "{text}"}'), tmp_path) as http:
        with pytest.raises(TransportError) as refused:
            await http.deliver(message())
    assert refused.value.trouble is trouble, refused.value.reason
    assert words in refused.value.reason


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("gateway: pigeon", "none of: aliyun_ivr_voice, aliyun_sms"),
        ("timeout: PT5S", "give `gateway`"),
        ("gateway: aliyun_sms", "with.sign_name is missing: the signature"),
        ("gateway: aliyun_sms", "secrets.key_id is missing: the name of a file"),
        ("gateway: aliyun_sms", "give the variables of your template by name"),
        ("gateway: tencent_sms\nparameters: {a: b}", "give the variables of your template in order"),
        ("gateway: generic\nsecrets: {key: k, kee: k}", "secrets.kee is not known here"),
        ("gateway: generic\nsecrets: {key: k}\nwith: {x: y}", "with.x is not known here"),
        ("gateway: generic\nsecrets: {key: ../../etc/passwd}", "does not have the form"),
        (
            "gateway: aliyun_sms\nwith: {sign_name: a, template: b}\nsecrets: {key_id: a, key: b}\n"
            'parameters: {a: "{txt}"}',
            "{txt} stands for nothing",
        ),
        (
            "gateway: aliyun_sms\nwith: {sign_name: a, template: b}\nsecrets: {key_id: a, key: b}\n"
            'parameters: {a: "{secret.key}"}',
            "{secret.key} stands for nothing",
        ),
        ("gateway: generic\nsecrets: {key: k}\norigin: http://10.0.0.1", "is a private address"),
        ("gateway: generic\nsecrets: {key: k}\norigin: gopher://x", "is not an address to post to"),
    ],
)
def test_a_fault_of_an_entry_says_what_to_write(entry: str, words: str) -> None:
    lines = "\n".join(f"    {line}" for line in f"kind: http\n{entry}".splitlines())
    with pytest.raises(YamlFault) as fault:
        read_channels(f"channels:\n  sms:\n{lines}\n", {})
    assert words in str(fault.value)


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        ('json: {a: "{txt}"}', "{txt} stands for nothing"),
        ('json: {a: "{text"}', "has a single brace"),
        ('json: {a: "{text.__class__}"}', "stands for nothing"),
        ('text: "<a>{text}</a>"', "say how {text} is written"),
        ("json: {}\n  form: {a: b}", "more than one body"),
        ("sign: {scheme: eval}", "none of the possible values"),
        ("method: DELETE", "is not one of the possible values"),
    ],
)
def test_a_fault_of_a_description_says_what_to_write(asks: str, words: str) -> None:
    entry = own("https://gateway.example", asks)
    lines = "\n".join(f"    {line}" for line in entry.strip().splitlines())
    with pytest.raises(YamlFault) as fault:
        read_channels(f"channels:\n  sms:\n{lines}\n", {})
    assert words in str(fault.value)


@given(st.text(max_size=300), st.integers(1, 200), st.booleans())
def test_what_is_cut_fits_and_keeps_its_link(text: str, limit: int, in_bytes: bool) -> None:
    whole = f"{text} {LINK}"
    short = cut(whole, limit, LINK, in_bytes=in_bytes)
    assert (len(short.encode()) if in_bytes else len(short)) <= limit
    assert limit < len(LINK) + 5 or short.endswith(LINK)


@given(st.text())
def test_retry_after_is_a_time_or_nothing(value: str) -> None:
    now = MESSAGE.at
    wait = retry_after(value, now)
    assert wait is None or wait.total_seconds() >= 0


async def test_many_braces_take_no_time(tmp_path: Path) -> None:
    began = time.perf_counter()
    async with gateway(OK) as lab, channel(own(lab.url, 'json: {t: "{text}"}'), tmp_path) as http:
        await http.deliver(message(text="{" * 200_000))
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("to", [".", ".."])
async def test_an_address_leads_to_no_other_path(to: str, tmp_path: Path) -> None:
    entry = own("{url}", "method: PUT").replace("{url}/send", "{url}/to/{{to}}/send")
    async with (
        gateway(OK) as lab,
        channel(entry.replace("{url}", lab.url).replace("{{to}}", "{to}"), tmp_path) as http,
    ):
        await http.deliver(message("a/../../b?c#d"))
        assert lab.heard[0].target == "/to/a%2F..%2F..%2Fb%3Fc%23d/send"
        with pytest.raises(TransportError) as refused:
            await http.deliver(message(to))
    assert refused.value.trouble is Trouble.ADDRESS
