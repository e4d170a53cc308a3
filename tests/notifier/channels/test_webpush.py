"""A browser that rings: what a push service gets is for that browser alone and signed by us, and a browser
that is gone is forgotten without a word about its person.
"""

import base64
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import http_ece
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.notifier.channel_file import read_channels
from services.notifier.channels import Letter, Message, Taken, TransportError, Trouble, webpush
from services.notifier.channels.webpush import RECORD, WebPushChannel, payload
from shared.browsers import BrowserKeys, Browsers, PushAddress, RungBrowser, is_served
from shared.ids import PersonId
from shared.lined_yaml import YamlFault
from shared.secrets import SecretFile
from shared.tokens import Claims, Principal
from shared.vocabulary import Level, Role
from tests.notifier.channels.scripted import MESSAGE, Heard, Says, Scripted, answer

NOW = datetime.now(UTC)
ZHAO = PersonId("zhao_jia")
TOLD = replace(MESSAGE, to=ZHAO, channel="push", until=NOW + timedelta(hours=2))
MADE = answer(b"", "201 Created", Location="https://push.example/m/1")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Chrome:
    """A browser: it alone has the key that opens what it is sent."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    def put_down(self, endpoint: str) -> RungBrowser:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        who = Principal(subject=ZHAO, role=Role.LEADER, person=ZHAO)
        return RungBrowser(
            person=ZHAO,
            push=PushAddress(endpoint=endpoint, keys=BrowserKeys(p256dh=b64(point), auth=b64(self.auth))),
            since=NOW,
            token=Claims(id="t1", principal=who, issued_at=NOW, expires_at=NOW + timedelta(hours=1)),
        )

    def reads(self, heard: Heard) -> Any:
        opened: Any = http_ece.decrypt(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            heard.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        return orjson.loads(opened)


@dataclass
class PutDown:
    """What the bucket has."""

    browsers: list[RungBrowser]
    forgotten: list[RungBrowser] = field(default_factory=list[RungBrowser])

    def of(self, person: str) -> Sequence[RungBrowser]:
        return [browser for browser in self.browsers if browser.person == person]

    async def forget(self, browser: RungBrowser) -> None:
        self.browsers.remove(browser)
        self.forgotten.append(browser)


@dataclass
class Scene:
    service: Scripted
    channel: WebPushChannel
    put_down: PutDown


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / SecretFile.VAPID).write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return tmp_path


def entry(more: str = "private: true") -> str:
    return f"channels:\n  push: {{kind: webpush, contact: 'mailto:duty@city.example', timeout: PT1S, {more}}}"


@asynccontextmanager
async def scene(
    secrets: Path, certificate: Path, *says: Says, browsers: Sequence[Chrome], more: str = "private: true"
) -> AsyncIterator[Scene]:
    import asyncio

    service = Scripted(says=list(says))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    server = await asyncio.start_server(service.talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    file = entry(f"authority: {certificate}, services: [127.0.0.1], {more}")
    channel = read_channels(file, {})["push"].make(secrets)
    assert isinstance(channel, WebPushChannel)
    addresses = [f"https://127.0.0.1:{port}/push/{n}" for n in range(len(browsers))]
    down = PutDown([one.put_down(address) for one, address in zip(browsers, addresses, strict=True)])
    channel.browsers = cast(Browsers, down)
    try:
        yield Scene(service, channel, down)
    finally:
        await channel.close()
        server.close()


async def test_only_the_browser_can_read_it_and_the_push_service_knows_who_sent_it(
    secrets: Path, certificate: Path
) -> None:
    chrome = Chrome()
    async with scene(secrets, certificate, MADE, browsers=[chrome]) as at:
        taken = await at.channel.deliver(TOLD)
        [heard] = at.service.heard
    assert taken == "https://push.example/m/1"
    assert isinstance(taken, Taken)
    told = chrome.reads(heard)
    assert told["body"] == "【烽火·初报】城关区化工厂爆炸，死亡3人。请3时33分前答复"
    assert (told["url"], told["tag"], told["lang"], told["stays"]) == (
        TOLD.link,
        TOLD.case,
        "zh-CN",
        True,
    )
    assert "城关区".encode() not in heard.body
    assert len(heard.body) <= RECORD
    scheme, _, rest = heard.headers["authorization"].partition(" ")
    proof = dict(part.strip().split("=", 1) for part in rest.split(","))
    point = base64.urlsafe_b64decode(proof["k"] + "==")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    origin = f"https://{heard.headers['host']}"
    claims = jwt.decode(proof["t"], public, algorithms=["ES256"], audience=origin)
    assert scheme == "vapid"
    assert claims["sub"] == "mailto:duty@city.example"
    assert timedelta(0) < datetime.fromtimestamp(claims["exp"], UTC) - NOW <= timedelta(hours=24)
    assert proof["k"] == at.channel.offer.key
    assert heard.headers["content-encoding"] == "aes128gcm"
    assert (heard.headers["urgency"], heard.headers["topic"]) == ("high", TOLD.case)
    assert 0 < int(heard.headers["ttl"]) <= 7200


@pytest.mark.parametrize(
    ("changes", "urgency", "ttl"),
    [
        ({"level": Level.IV}, "normal", 7200),
        ({"exercise": True}, "normal", 7200),
        ({"level": None, "left": timedelta(hours=-1)}, "high", 60),
        ({"left": timedelta(days=99)}, "high", 28 * 86400),
        ({"left": None}, "high", 86400),
    ],
)
async def test_how_urgent_it_is_and_how_long_it_is_kept_the_notice_says(
    secrets: Path, certificate: Path, changes: dict[str, Any], urgency: str, ttl: int
) -> None:
    async with scene(secrets, certificate, MADE, browsers=[Chrome()]) as at:
        left = changes.pop("left", timedelta(hours=2))
        until = None if left is None else datetime.now(UTC) + left
        await at.channel.deliver(replace(TOLD, **changes, until=until))
        [heard] = at.service.heard
    assert heard.headers["urgency"] == urgency
    assert int(heard.headers["ttl"]) == pytest.approx(ttl, abs=60)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_browser_that_is_gone_is_forgotten_and_the_others_ring(
    secrets: Path, certificate: Path, status: str
) -> None:
    async with scene(secrets, certificate, answer(b"", status), MADE, browsers=[Chrome(), Chrome()]) as at:
        taken = await at.channel.deliver(TOLD)
        assert isinstance(taken, Taken)
        assert taken.reply == "1/2"
        assert (len(at.put_down.forgotten), len(at.put_down.browsers)) == (1, 1)
        at.service.says = [answer(b"", status)]
        with pytest.raises(TransportError) as gone:
            await at.channel.deliver(TOLD)
        with pytest.raises(TransportError) as nobody:
            await at.channel.deliver(TOLD)
    assert at.put_down.browsers == []
    assert [gone.value.trouble, nobody.value.trouble] == [Trouble.ADDRESS, Trouble.ADDRESS]


async def test_what_is_too_large_goes_again_without_its_text(secrets: Path, certificate: Path) -> None:
    chrome = Chrome()
    async with scene(
        secrets, certificate, answer(b"", "413 Payload Too Large"), MADE, browsers=[chrome]
    ) as at:
        await at.channel.deliver(TOLD)
        first, second = at.service.heard
        at.service.says = [answer(b"", "413 Payload Too Large")]
        with pytest.raises(TransportError) as refused:
            await at.channel.deliver(TOLD)
        assert len(at.service.heard) == 4, "once more, and no more"
    assert len(second.body) < len(first.body)
    assert chrome.reads(second)["title"] == TOLD.letter.subject
    assert chrome.reads(second)["url"] == TOLD.link
    assert refused.value.trouble is Trouble.OURS


@pytest.mark.parametrize(
    ("says", "trouble", "after"),
    [
        (answer(b"", "429 Too Many Requests", Retry_After="17"), Trouble.GATEWAY, timedelta(seconds=17)),
        (answer(b"", "503 Service Unavailable"), Trouble.GATEWAY, None),
        (answer(b"no such key", "403 Forbidden"), Trouble.OURS, None),
        (answer(b"", "307 Temporary Redirect", Location="https://127.0.0.1:1/"), Trouble.OURS, None),
    ],
)
async def test_a_push_service_in_trouble_is_asked_again_when_it_says_and_forgets_nobody(
    secrets: Path, certificate: Path, says: Says, trouble: Trouble, after: timedelta | None
) -> None:
    async with scene(secrets, certificate, says, browsers=[Chrome()]) as at:
        with pytest.raises(TransportError) as refused:
            await at.channel.deliver(TOLD)
        assert len(at.service.heard) == 1
    assert (refused.value.trouble, refused.value.after) == (trouble, after)
    assert at.put_down.forgotten == []


async def test_nothing_is_sent_into_the_house_or_to_a_stranger(secrets: Path, certificate: Path) -> None:
    async with scene(secrets, certificate, MADE, browsers=[Chrome()], more="private: false") as at:
        with pytest.raises(TransportError, match="private address"):
            await at.channel.deliver(TOLD)
        at.put_down.browsers = [Chrome().put_down("https://evil.example/push/1")]
        with pytest.raises(TransportError, match=r"evil\.example is none of the push services"):
            await at.channel.deliver(TOLD)
        assert at.service.heard == []
    assert is_served("https://wns2.notify.windows.com/w/", ("*.notify.windows.com",))
    for stranger in ("https://notify.windows.com.evil.example/", "https://evilnotify.windows.com/"):
        assert not is_served(stranger, ("*.notify.windows.com",))


async def test_many_hosts_take_no_place_from_others(
    secrets: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webpush, "PLACES", 0)
    async with scene(secrets, certificate, MADE, browsers=[Chrome()]) as at:
        assert await at.channel.deliver(TOLD)
        assert await at.channel.deliver(TOLD)
        assert len(at.service.heard) == 2


async def test_a_browser_of_a_token_that_was_taken_back_rings_no_more(
    secrets: Path, certificate: Path
) -> None:
    async with scene(secrets, certificate, MADE, browsers=[Chrome()]) as at:
        at.channel.holds = lambda claims: claims.id != "t1"
        with pytest.raises(TransportError) as refused:
            await at.channel.deliver(TOLD)
        assert at.service.heard == []
    assert refused.value.trouble is Trouble.ADDRESS


@pytest.mark.parametrize("sign", ["烽", '"', "\\", "x"])
def test_however_long_and_odd_a_text_is_it_fits_one_record(sign: str) -> None:
    long: Message = replace(TOLD, letter=Letter(sign * 2000, sign * 20_000), link=None)
    told = payload(long)
    assert len(told) <= RECORD - 16 - 86 - 1
    assert orjson.loads(told)["url"] == f"/cases/{TOLD.case}"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (entry() + "\n  more: {kind: webpush, contact: 'https://city.example'}", "leave one of them out"),
        (
            entry("instead: sms") + "\n  sms: {kind: webhook, url: 'https://sms.example'}",
            "takes no other's place",
        ),
        (
            entry() + "\n  sms: {kind: webhook, url: 'https://sms.example', instead: push}",
            "takes no other's place",
        ),
        ("channels:\n  push: {kind: webpush}", "contact"),
        (entry("services: ['*']"), "services"),
    ],
)
def test_a_way_that_nothing_relies_on_stands_for_no_other(file: str, words: str) -> None:
    with pytest.raises(YamlFault) as fault:
        read_channels(file, {})
    assert words in str(fault.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://user@push.example/1",
        "https://push.example/ 1",
        "https://push.example/\u200b",
        "https:///1",
        "https://push.example/" + "1" * 1000,
        "javascript:alert(1)",
    ],
)
def test_an_address_that_no_push_service_has_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own
        Chrome().put_down(endpoint)


def test_what_says_several_opens_the_desk_and_takes_the_place_of_none() -> None:
    several = orjson.loads(payload(replace(TOLD, id="m-2", also=("m-0", "m-1"))))
    assert (several["url"], several["tag"]) == ("/", "m-2")
    alone = orjson.loads(payload(TOLD))
    assert (alone["url"], alone["tag"]) == (TOLD.link, TOLD.case)
