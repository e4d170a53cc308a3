"""SMPP: handed over is what the SMSC has confirmed; what it brings is confirmed only once it is stored."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifier.channel_file import read_channels
from services.notifier.channels import CallBackItem, Reply, TransportError, Trouble
from services.notifier.channels._call_backs import with_country
from services.notifier.channels._smpp_pdus import brought_by
from services.notifier.channels.smpp import SmppChannel
from shared.lined_yaml import YamlFault
from tests.lab import until
from tests.notifier.channels.scripted import MESSAGE, TEXT, channel, message, secret_files
from tests.notifier.smsc import (
    BIND,
    ENQUIRE,
    SUBMIT,
    UNBIND,
    Says,
    Smsc,
    an_smsc,
    brought,
    receipt,
    refuses,
    takes,
    unit,
)

ENTRY = """
kind: smpp
host: 127.0.0.1
port: {port}
tls: false
user: fenghuo
password_file: password
from: "106900"
replies: true
timeout: PT0.3S
quiet: PT1S
"""
NOW = datetime(2026, 11, 30, 3, 3, tzinfo=UTC)
Brought = list[Reply | CallBackItem]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, password="sesame")


@asynccontextmanager
async def bound(
    smsc: Smsc, secrets: Path, more: str = "", *, stores: bool = True
) -> AsyncIterator[tuple[SmppChannel, Brought]]:
    heard: Brought = []

    async def take(item: Reply | CallBackItem) -> bool:
        heard.append(item)
        return stores

    entry = ENTRY.format(port=smsc.port)
    entry = entry.replace("tls: false\n", "") if "tls:" in more else entry
    async with channel(entry + more, secrets) as subject:
        assert isinstance(subject, SmppChannel)
        listening = asyncio.create_task(subject.listen(take))
        try:
            yield subject, heard
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def test_a_text_goes_out_until_it_can_not_be_answered_any_more(secrets: Path) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    async with an_smsc() as smsc, bound(smsc, secrets) as (subject, _):
        assert await subject.deliver(replace(MESSAGE, until=ends)) == "m-2"
        assert smsc.heard[0][2] == b"fenghuo\0sesame\0\0\x34\0\0\0", "as bind_transceiver is written"
        [sent] = smsc.submissions
    assert (sent.text, sent.coding) == (TEXT, 8)
    assert (sent.source, sent.to) == ((0, 1, "106900"), (1, 1, "8613900001111"))
    assert (sent.receipt, sent.esm_class) == (1, 0)
    assert sent.validity == f"{ends:%y%m%d%H%M%S}000+"


async def test_over_tls_by_a_ca_of_the_house_and_it_says_when_it_leaves(
    certificate: Path, secrets: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with an_smsc(tls=context) as smsc:
        async with bound(smsc, secrets, f"tls: true\nauthority: {certificate}") as (subject, _):
            assert await subject.deliver(message()) == "m-2"
        assert smsc.heard[-1][0] == UNBIND
        async with bound(smsc, secrets, "tls: true") as (stranger, _):
            await until(lambda: stranger.trouble)
        assert "certificate" in stranger.trouble.lower()


LONG = "龙口煤矿井下透水，十二人被困。" * 12 + "😀" * 40


async def test_a_long_text_comes_in_parts_that_the_telephone_joins(secrets: Path) -> None:
    async with an_smsc() as smsc, bound(smsc, secrets) as (subject, _):
        reference = await subject.deliver(message(text=LONG))
        sent = smsc.submissions
        assert reference == f"m-{1 + len(sent)}", "its receipt is that of the last part"
    assert "".join(part.text for part in sent) == LONG
    heads = [part.raw[:6] for part in sent]
    assert {head[:5] for head in heads} == {bytes((5, 0, 3, heads[0][3], len(sent)))}
    assert [head[5] for head in heads] == list(range(1, len(sent) + 1))
    assert all(part.esm_class == 0x40 and len(part.raw) <= 140 for part in sent)
    assert [part.receipt for part in sent] == [0] * (len(sent) - 1) + [1]


async def test_or_whole_where_the_smsc_cuts_it(secrets: Path) -> None:
    english = "Level II accident. " * 20
    async with an_smsc() as smsc, bound(smsc, secrets, "long: payload") as (subject, _):
        await subject.deliver(message(text=english))
        [sent] = smsc.submissions
    assert sent.raw == b""
    assert sent.rest == struct.pack(">HH", 0x0424, len(english)) + english.encode()


async def test_what_was_confirmed_is_not_sent_again_after_a_lost_connection(secrets: Path) -> None:
    def loses_the_second(command: int, sequence: int, body: bytes) -> bytes | None:
        return None if command == SUBMIT and sequence == 3 else takes(command, sequence, body)

    async with an_smsc(loses_the_second) as smsc, bound(smsc, secrets) as (subject, _):
        with pytest.raises(TransportError) as lost:
            await subject.deliver(message(text=LONG))
        assert lost.value.trouble is Trouble.GATEWAY
        smsc.says = takes
        await until(lambda: smsc.binds == 2 and not subject.trouble)
        await subject.deliver(message(text=LONG))
        numbers = [part.raw[5] for part in smsc.submissions]
        assert len({part.raw[3] for part in smsc.submissions}) == 1, "the telephone knows the same part again"
    count = smsc.submissions[0].raw[4]
    assert numbers == [1, 2, *range(2, count + 1)], "only the part whose answer was lost comes twice"


async def test_the_same_message_to_another_number_goes_out_whole(secrets: Path) -> None:
    async with an_smsc() as smsc, bound(smsc, secrets) as (subject, _):
        for number in ("+8613900001111", "+8613900002222"):
            await subject.deliver(message(number))
        assert [(sent.to[2], sent.text) for sent in smsc.submissions] == [
            ("8613900001111", TEXT),
            ("8613900002222", TEXT),
        ]


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (0x0B, Trouble.ADDRESS),  # ESME_RINVDSTADR
        (0x58, Trouble.GATEWAY),  # ESME_RTHROTTLED
        (0x14, Trouble.GATEWAY),
        (0x0A, Trouble.OURS),
        (0x0400, Trouble.GATEWAY),  # a vendor's own
    ],
)
async def test_a_refusal_says_whose_trouble_it_is(status: int, trouble: Trouble, secrets: Path) -> None:
    async with an_smsc(refuses(status)) as smsc, bound(smsc, secrets) as (subject, _):
        with pytest.raises(TransportError, match=f"{status:08x}") as refused:
            await subject.deliver(message())
    assert refused.value.trouble is trouble


async def test_a_refused_log_in_is_ours_to_mend_and_a_word_is_no_number(secrets: Path) -> None:
    async with an_smsc(refuses(0x0E, BIND)) as smsc, bound(smsc, secrets) as (subject, _):
        await until(lambda: subject.trouble)
        with pytest.raises(TransportError, match="RINVPASWD") as refused:
            await subject.deliver(message())
        with pytest.raises(TransportError) as no_number:
            await subject.deliver(message("zhao jia"))
    assert (refused.value.trouble, no_number.value.trouble) == (Trouble.OURS, Trouble.ADDRESS)
    assert "sesame" not in refused.value.reason


async def test_receipts_and_answers_come_by_the_same_connection(secrets: Path) -> None:
    async with an_smsc() as smsc, bound(smsc, secrets) as (subject, heard):
        await subject.deliver(message())
        smsc.bring(receipt("m-2", "DELIVRD", NOW), 1)
        smsc.bring(receipt("m-3", "UNDELIV", NOW), 2)
        smsc.bring(receipt("m-4", "ENROUTE", NOW), 3)
        smsc.bring(brought("8613900001111", "２ 开会".encode("utf-16-be"), coding=8), 4)
        smsc.bring(brought("8613900001111", b"1"), 5)
        smsc.bring(b"", 6, ENQUIRE)
        await until(lambda: len(smsc.answers) == 6)
    assert [item for item in heard if not isinstance(item, Reply)] == [
        {"reference": "m-2", "outcome": "delivered", "error": "DELIVRD 000"},
        {"reference": "m-3", "outcome": "failed", "error": "UNDELIV 000"},
    ]
    replies = [item for item in heard if isinstance(item, Reply)]
    assert [(reply.number, reply.words) for reply in replies] == [
        ("+8613900001111", "２ 开会"),
        ("+8613900001111", "1"),
    ]
    assert len({reply.id for reply in replies}) == 2
    assert {status for _, status, _ in smsc.answers} == {0}


async def test_what_is_not_stored_is_not_confirmed(secrets: Path) -> None:
    async with an_smsc() as smsc, bound(smsc, secrets, stores=False) as (_, heard):
        await until(lambda: smsc.binds)
        smsc.bring(brought("8613900001111", b"1"), 7)
        await until(lambda: smsc.answers)
    assert len(heard) == 1
    assert smsc.answers == [(0x80000005, 0x64, 7)], "bring it again"


def lying(length: int) -> Says:
    def says(command: int, sequence: int, body: bytes) -> bytes | None:
        if command == SUBMIT:
            return struct.pack(">IIII", length, command | 0x80000000, 0, sequence)
        return takes(command, sequence, body)

    return says


def hangs(command: int, sequence: int, body: bytes) -> bytes | None:
    return takes(command, sequence, body) if command == BIND else b""


def leaves(command: int, sequence: int, body: bytes) -> bytes | None:
    return takes(command, sequence, body) if command == BIND else None


def leaves_at_once(command: int, sequence: int, body: bytes) -> bytes | None:
    return None


def answers_another(command: int, sequence: int, body: bytes) -> bytes | None:
    return unit(command | 0x80000000, sequence + 7, b"x\0")


def is_a_web_server(command: int, sequence: int, body: bytes) -> bytes | None:
    return b"HTTP/1.1 400 Bad Request\r\n\r\n"


@pytest.mark.parametrize(
    "says",
    [
        hangs,
        lying(0xFFFFFFFF),
        lying(0),
        lying(400),  # begins and does not end
        leaves,
        leaves_at_once,
        answers_another,
        is_a_web_server,
    ],
)
async def test_an_smsc_that_hangs_lies_or_leaves_is_the_gateways_trouble(says: Says, secrets: Path) -> None:
    async with an_smsc(says) as smsc, bound(smsc, secrets) as (subject, _):
        with pytest.raises(TransportError) as refused:
            await subject.deliver(message())
        assert refused.value.trouble is Trouble.GATEWAY, refused.value.reason


async def test_a_connection_that_does_not_answer_whether_it_lives_is_opened_anew(secrets: Path) -> None:
    def forgets(command: int, sequence: int, body: bytes) -> bytes | None:
        return b"" if command == ENQUIRE else takes(command, sequence, body)

    async with an_smsc(forgets) as smsc, bound(smsc, secrets) as (subject, _):
        await until(lambda: smsc.binds == 2)
        assert await subject.deliver(message())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\1\1" + b"9" * 300,
        brought("1", b"x")[:-1],
        brought("1", b"x", extra=b"\x04\x24\xff\xff"),
    ],
)
def test_a_unit_that_ends_too_soon_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        brought_by(body)


def test_a_header_in_the_text_is_no_part_of_what_was_said() -> None:
    assert brought_by(brought("1", b"\x05\x00\x03\x01\x02\x011 yes", esm_class=0x40)).text == "1 yes"
    assert brought_by(brought("1", b"\xff", esm_class=0x40)).text == ""
    assert with_country("13900001111", "86") == with_country("8613900001111", "86") == "+8613900001111"


@pytest.mark.parametrize(
    ("change", "words"), [("form: long", "leave `form` out"), ("from: x\\ny", "from"), ("user: a b", "user")]
)
def test_a_fault_of_the_entry_names_its_line(change: str, words: str) -> None:
    name = change.partition(":")[0]
    lines = [line for line in ENTRY.format(port=1).strip().splitlines() if not line.startswith(f"{name}:")]
    text = "\n    ".join([*lines, change])
    with pytest.raises(YamlFault, match=words):
        read_channels(f"channels:\n  sms:\n    {text}\n", {})
