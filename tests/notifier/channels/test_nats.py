"""A subject of another broker: stored once, within its prefix; the broker's and our own subjects are refused."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client

from services.notifier.channel_file import read_channels
from services.notifier.channels import TransportError, Trouble
from shared.lined_yaml import YamlFault
from shared.streams import stream_configs
from tests.lab import ROOT, until
from tests.notifier.channels.scripted import MESSAGE, TEXT, channel, message, secret_files

TOKEN = "sesame"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A broker of another house, with a token."""
    folder = tmp_path_factory.mktemp("broker")
    ports = folder / "ports"
    ports.mkdir()
    program = Path(sys.executable).parent / "nats-server"
    command = [program, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder, "--auth", TOKEN]
    process = subprocess.Popen(
        [*command, "--ports_file_dir", ports], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        [file] = await until(lambda: [*ports.glob("*.ports")], what="its ports")
        yield str(orjson.loads(file.read_bytes())["nats"][0])
    finally:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Client]:
    client = await nats.connect(url, token=TOKEN)
    try:
        yield client
    finally:
        await client.close()


def entry(url: str, more: str = "") -> str:
    return f"kind: nats\nurl: {url}\nsubject: city.alerts\ntoken_file: token\ntimeout: PT2S\n{more}"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, token=TOKEN)


async def test_a_stream_stores_it_once_however_often_it_comes(broker: str, secrets: Path) -> None:
    async with listening(broker) as client, channel(entry(broker), secrets) as subject:
        js = client.jetstream()
        await js.add_stream(name="ALERTS", subjects=["city.alerts.>"])
        assert await subject.deliver(message("fire.north")) == "ALERTS:1"
        assert await subject.deliver(message("fire.north")) == "ALERTS:1"
        stored = await js.get_msg("ALERTS", 1)
        assert stored.subject == "city.alerts.fire.north"
        assert orjson.loads(stored.data or b"")["data"]["text"] == TEXT
        assert (await js.stream_info("ALERTS")).state.messages == 1
        await js.delete_stream("ALERTS")


async def test_without_a_stream_it_says_what_to_do(broker: str, secrets: Path) -> None:
    async with channel(entry(broker), secrets) as subject:
        with pytest.raises(TransportError, match=r"no stream stores city\.alerts") as refused:
            await subject.deliver(message("fire"))
    assert refused.value.trouble is Trouble.OURS


async def test_who_listens_hears_it_where_nothing_is_stored(broker: str, secrets: Path) -> None:
    async with listening(broker) as client, channel(entry(broker, "stored: false"), secrets) as subject:
        heard = await client.subscribe("city.alerts.*")
        await client.flush()
        assert await subject.deliver(message("fire")) is None
        got = await heard.next_msg(timeout=5)
    assert got.headers == {"Nats-Msg-Id": MESSAGE.id}


@pytest.mark.parametrize("to", ["*", ">", "a..b", "a b", "", "$SYS.x", "a.>", "a\r\nPUB x", "x" * 70])
async def test_an_address_never_leaves_its_prefix(to: str, secrets: Path) -> None:
    async with channel(entry("nats://127.0.0.1:9"), secrets) as subject:
        with pytest.raises(TransportError) as refused:
            await subject.deliver(message(to))
    assert refused.value.trouble is Trouble.ADDRESS


def own_subjects() -> set[str]:
    """Of every stream, and of every subject that the broker's rights name."""
    configured = {subject for stream in stream_configs() for subject in stream.subjects or []}
    words = (ROOT / "config" / "nats.conf").read_text(encoding="utf-8").split('"')[1::2]
    rights = {
        word for word in words if "." in word and "/" not in word and " " not in word and word[0] != "."
    }
    return configured | rights


@pytest.mark.parametrize(
    "first", sorted({subject.split(".")[0] for subject in own_subjects()} | {"$SYS", "_INBOX", "*", ">"})
)
def test_neither_the_brokers_nor_our_own_subjects_can_be_a_prefix(first: str) -> None:
    text = f"channels:\n  sms:\n    kind: nats\n    url: nats://b:4222\n    subject: '{first}.x'\n"
    with pytest.raises(
        YamlFault, match=r"channels.yaml:5: channels.sms.subject: .*(no prefix|Fenghuo's own)"
    ):
        read_channels(text, {})


async def test_a_broker_that_is_away_and_a_wrong_token_are_told_apart(broker: str, tmp_path: Path) -> None:
    secret_files(tmp_path, token="wrong")
    for url, trouble in ((broker, Trouble.OURS), ("nats://127.0.0.1:9", Trouble.GATEWAY)):
        async with channel(entry(url), tmp_path) as subject:
            with pytest.raises(TransportError) as refused:
                await subject.deliver(message("fire"))
        assert refused.value.trouble is trouble, refused.value.reason
        assert "wrong" not in refused.value.reason


async def test_a_broker_that_says_nothing_is_given_up(secrets: Path) -> None:
    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with channel(entry(url), secrets) as subject:
        with pytest.raises(TransportError) as refused:
            await subject.deliver(message("fire"))
    server.close()
    assert refused.value.trouble is Trouble.GATEWAY
