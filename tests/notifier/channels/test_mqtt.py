"""A topic of an MQTT broker: handed over is what the broker has confirmed, and an address never leaves its
level.
"""

import asyncio
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from fenghuo import embedded
from services.notifier.channel_file import read_channels
from services.notifier.channels import Channel, TransportError, Trouble
from services.notifier.channels.mqtt import topic_for
from shared.ids import CaseId
from shared.lined_yaml import YamlFault
from tests.lab import ROOT, until
from tests.notifier.channels.scripted import MESSAGE, TEXT, channel, message, secret_files

PASSWORD = "sesame"
CONFIG = """
user root
log_type none
per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/rights
persistence false
listener {port} 127.0.0.1
listener {tls_port} 127.0.0.1
certfile {certificate}
keyfile {certificate}
"""
RIGHTS = "user duty\ntopic readwrite city/alerts/#\n"


@dataclass(frozen=True)
class Broker:
    port: int
    tls_port: int
    certificate: Path


def program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path=str(ROOT / ".venv" / "bin"))
    assert path, "run `make mosquitto`"
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> AsyncIterator[Broker]:
    folder = tmp_path_factory.mktemp("mqtt")
    passwords = folder / "passwords"
    subprocess.run([program("mosquitto_passwd"), "-b", "-c", passwords, "duty", PASSWORD], check=True)
    (folder / "rights").write_text(RIGHTS, encoding="utf-8")
    port, tls_port = embedded.free_ports(2)
    config = CONFIG.format(folder=folder, port=port, tls_port=tls_port, certificate=certificate)
    (folder / "mosquitto.conf").write_text(config, encoding="utf-8")
    process = subprocess.Popen([program("mosquitto"), "-c", folder / "mosquitto.conf"])
    try:
        await until(lambda: takes(port), what="a broker at its port")
        yield Broker(port, tls_port, certificate)
    finally:
        process.terminate()
        process.wait(10)


async def takes(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@contextmanager
def listening(broker: Broker, topic: str) -> Iterator[list[MQTTMessage]]:
    heard: list[MQTTMessage] = []
    ready = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set("duty", PASSWORD)

    def hears(_: Client, __: object, got: MQTTMessage) -> None:
        heard.append(got)

    def is_ready(*_: object) -> None:
        ready.set()

    client.on_message, client.on_subscribe = hears, is_ready
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    try:
        assert ready.wait(10)
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def entry(port: int, more: str = "tls: false", topic: str = "city/alerts/{level}/{to}") -> str:
    return (
        f"kind: mqtt\nhost: 127.0.0.1\nport: {port}\ntopic: {topic}\n"
        f"user: duty\npassword_file: password\ntimeout: PT2S\n{more}"
    )


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, password=PASSWORD)


async def refusal(text: str, secrets: Path, to: str = "siren-3") -> TransportError:
    async with channel(text, secrets) as subject:
        with pytest.raises(TransportError) as refused:
            await subject.deliver(message(to))
    assert PASSWORD not in refused.value.reason
    return refused.value


async def test_who_listens_hears_it_and_the_broker_has_confirmed_it(broker: Broker, secrets: Path) -> None:
    with listening(broker, "city/alerts/#") as heard:
        async with channel(entry(broker.port, "tls: false\nexpires: PT30M"), secrets) as subject:
            await subject.deliver(message("siren-3"))
            await asyncio.gather(*(subject.deliver(message(f"board {n}")) for n in range(40)))
        await until(lambda: len(heard) == 41)
    first = heard[0]
    assert (first.topic, first.qos, first.retain) == ("city/alerts/II/siren-3", 1, False)
    assert 0 < first.properties.MessageExpiryInterval <= 1800  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    body = orjson.loads(first.payload)
    assert (body["id"], body["data"]["text"]) == (MESSAGE.id, TEXT)
    assert {got.topic for got in heard[1:]} == {f"city/alerts/II/board {n}" for n in range(40)}
    assert not [thread for thread in threading.enumerate() if "paho" in thread.name.lower()]


async def test_over_tls_by_a_ca_of_the_house_and_by_the_older_version(broker: Broker, secrets: Path) -> None:
    trusted = f"authority: {broker.certificate}\nversion: 3.1.1"
    with listening(broker, "city/alerts/#") as heard:
        async with channel(entry(broker.tls_port, trusted), secrets) as subject:
            await subject.deliver(message("siren-3"))
        await until(lambda: heard)
    unknown = await refusal(entry(broker.tls_port, ""), secrets)
    assert unknown.trouble is Trouble.GATEWAY
    assert "certificate" in unknown.reason.lower()


async def test_where_nobody_listens_nobody_is_told_that_it_arrived(broker: Broker, secrets: Path) -> None:
    refused = await refusal(entry(broker.port), secrets)
    assert refused.trouble is Trouble.ADDRESS
    assert "city/alerts/II/siren-3" in refused.reason


async def test_rights_and_log_in_are_ours_to_mend_and_a_broker_that_is_away_is_not(
    broker: Broker, secrets: Path, tmp_path: Path
) -> None:
    # Only version 5 can say so: by the older the broker confirms what it throws away.
    forbidden = await refusal(entry(broker.port, topic="county/{to}"), secrets)
    assert (forbidden.trouble, "Not authorized" in forbidden.reason) == (Trouble.OURS, True)
    assert (await refusal(entry(embedded.free_port()), secrets)).trouble is Trouble.GATEWAY
    secret_files(tmp_path, password="wrong")
    for version in ("5", "3.1.1"):
        wrong = await refusal(entry(broker.port, f"tls: false\nversion: {version}"), secrets)
        assert wrong.trouble is Trouble.OURS, wrong.reason


@pytest.mark.parametrize(
    "to", ["+", "#", "a/b", "$SYS", "", " ", "a\x00b", "a\nb", "x" * 70, "a/../#", "\u202e"]
)
async def test_an_address_never_leaves_its_level(to: str, secrets: Path) -> None:
    assert (await refusal(entry(9), secrets, to)).trouble is Trouble.ADDRESS


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("topic: '#'", "no topic"),
        ("topic: $SYS/{to}", "no topic"),
        ("topic: city//{to}", "no topic"),
        ("topic: city/{unit}", "none of"),
        ("topic: a\n    version: 3.1.1\n    expires: PT1H", "version 5"),
        ("topic: a\n    version: 4", "version"),
        ("topic: a\n    password_file: x", "user"),
        ("topic: a\n    host: mqtt://b", "host"),
    ],
)
def test_a_fault_of_the_entry_says_what_to_write(setting: str, words: str) -> None:
    host = "" if "host" in setting else "    host: b\n"
    with pytest.raises(YamlFault, match=words):
        read_channels(f"channels:\n  sms:\n    kind: mqtt\n{host}    {setting}\n", {})


async def takes_it(subject: Channel, to: str) -> bool:
    try:
        await subject.deliver(message(to))
    except TransportError as error:
        return error.trouble is not Trouble.GATEWAY
    return True


@asynccontextmanager
async def a_bent_broker(*answers: bytes) -> AsyncIterator[int]:
    """Says these, one after each packet that comes, then nothing more; where it has none, it hangs up."""
    open_writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)
        for answer in answers:
            if not await reader.read(65536):
                break
            writer.write(answer)
            await writer.drain()
        if not answers:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in open_writers:
            writer.close()
        server.close()


TAKEN = b"\x20\x03\x00\x00\x00"


@pytest.mark.parametrize(
    "answers",
    [
        (b"",),  # not a word
        (TAKEN, b""),  # takes the message and does not confirm it
        (TAKEN, b"\x40\x02\xff\xff"),  # confirms what was never sent
        (b"\x20\xff\xff\xff\xff\xff\xff",),  # a length that is none
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (),
    ],
)
async def test_a_broker_that_hangs_or_lies_is_given_up_and_nothing_of_it_stays(
    answers: tuple[bytes, ...], secrets: Path
) -> None:
    async with a_bent_broker(*answers) as port:
        refused = await refusal(entry(port).replace("PT2S", "PT0.3S"), secrets)
        assert refused.trouble is Trouble.GATEWAY
        await until(lambda: not [one for one in threading.enumerate() if "paho" in one.name.lower()])


async def test_a_connection_that_broke_is_opened_anew(broker: Broker, secrets: Path) -> None:
    """The broker loses everybody; the next message goes out all the same."""
    lines: list[asyncio.StreamWriter] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other = await asyncio.open_connection("127.0.0.1", broker.port)
        lines.extend((writer, other))

        async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            while piece := await source.read(4096):
                to.write(piece)

        await asyncio.gather(copy(reader, other), copy(other_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with listening(broker, "city/alerts/#") as heard:
        async with channel(entry(port), secrets) as subject:
            await subject.deliver(message("siren-1"))
            for writer in lines:
                writer.close()
            await until(lambda: takes_it(subject, "siren-2"))
        await until(lambda: any(got.topic.endswith("siren-2") for got in heard))
    for writer in lines:
        writer.close()
    server.close()


def test_what_is_about_no_case_adds_no_empty_level() -> None:
    assert topic_for("city/{case}/{to}", replace(message("siren-3"), case=CaseId(""))) == "city/none/siren-3"
