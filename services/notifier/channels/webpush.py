"""A browser in which a person has said "ring me here" (Web Push): an additional way, whose addresses nobody
types.

Invariant: only the browser can read what it is sent (RFC 8291), and only a push service of the channel file
is asked, with our signature (RFC 8292). A browser that its push service no longer knows (404, 410) is
forgotten: that is an address that is gone, and says nothing of its person. Taken is what at least one of the
person's browsers is to be shown.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import http_ece
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import Field, StringConstraints
from yarl import URL

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Message,
    Reference,
    Taken,
    TransportError,
    Trouble,
)
from services.notifier.channels._over_http import TRY_AGAIN, Line, OverHttp, body_words, retry_after
from services.notifier.posting import GatewayAnswer
from shared.broker.forever import AWAY, error_text
from shared.browsers import Browsers, PushOffer, RungBrowser, is_served, unpadded
from shared.message import N_, said
from shared.secrets import SecretFile, read_secret
from shared.tokens import Claims
from shared.vocabulary import Language, Level

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

KNOWN_SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Of Chrome and Android, Firefox, Safari, and Edge."""
GONE = (404, 410)
TOO_LARGE = 413
RECORD = 4096
"""Bytes of one encrypted record, which every push service takes."""
FITS = 3900
"""Bytes of what is said, so that with all around it that is one record."""
WORDS_BYTES = 3000
"""Of the text in it."""
SIGNED_FOR = timedelta(hours=12)
"""RFC 8292 allows 24 hours."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=28)
"""How long a push service is asked to keep what a browser does not fetch."""
KEPT_OTHERWISE = timedelta(days=1)
CALM = (Level.III, Level.IV)
PLACES = 32
"""Push services to which connections stay open."""
Service = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=100)]


class Config(OverHttp):
    kind: Literal["webpush"]
    contact: Annotated[
        str, StringConstraints(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$", max_length=200)
    ]
    """Whom a push service writes to where something is wrong with what comes from here."""
    key: str = SecretFile.VAPID
    """The name of a file in the secrets folder with a P-256 key (`fenghuo bootstrap` makes it)."""
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=20)] = KNOWN_SERVICES
    """The push services that are asked: a host, or `*.` and the end of hosts."""

    @property
    def is_beside(self) -> bool:
        return True

    @property
    def takes_replies(self) -> bool:
        return False


class WebPushChannel:
    def __init__(self, name: str, config: Config, key: ec.EllipticCurvePrivateKey) -> None:
        self._name, self._config, self._key = name, config, key
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self._public = base64.urlsafe_b64encode(point).decode().rstrip("=")
        self._lines: dict[str, Line] = {}
        self.browsers: Browsers | None = None
        self.holds: Callable[[Claims], bool] = lambda _: True
        """Whether the log-in in which a browser was put down still counts."""

    @property
    def offer(self) -> PushOffer:
        return PushOffer(key=self._public, services=self._config.services)

    async def deliver(self, message: Message) -> Reference | None:
        known = self.browsers.of(message.to) if self.browsers is not None else ()
        browsers = [browser for browser in known if self.holds(browser.token)]
        if not browsers:
            raise TransportError("this person has no browser that rings any more", Trouble.ADDRESS)
        outcomes = await asyncio.gather(*(self._tried(browser, message) for browser in browsers))
        taken = [outcome for outcome in outcomes if isinstance(outcome, Taken)]
        if not taken:
            raise _weightiest([outcome for outcome in outcomes if isinstance(outcome, TransportError)])
        return Taken(taken[0], f"{len(taken)}/{len(browsers)}")

    async def _tried(self, browser: RungBrowser, message: Message) -> Taken | TransportError:
        try:
            answer = await self._ask(browser, message, WORDS_BYTES)
            if answer.status == TOO_LARGE:
                answer = await self._ask(browser, message, 0)
        except TransportError as failure:
            return failure
        if 200 <= answer.status < 300:
            return Taken(answer.headers.get("Location", ""), str(answer.status))
        if answer.status in GONE:
            await self._forget(browser)
        return _refusal(answer, datetime.now(UTC))

    async def _ask(self, browser: RungBrowser, message: Message, most: int) -> GatewayAnswer:
        endpoint, now = browser.push.endpoint, datetime.now(UTC)
        if not is_served(endpoint, self._config.services):
            raise TransportError(
                f"{URL(endpoint).host} is none of the push services in the channel file", Trouble.ADDRESS
            )
        place = URL(endpoint, encoded=True)
        headers = {
            "Authorization": f"vapid t={self._signed(str(place.origin()), now)}, k={self._public}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(_kept_for(message, now).total_seconds())),
            "Urgency": "normal" if message.exercise or message.level in CALM else "high",
        }
        if message.case and not message.also:  # nothing takes the place of what says several
            headers["Topic"] = message.case[:32]
        body = encrypted(payload(message, most), browser)
        async with self._line(place) as line:
            return await line.ask(place, headers, body)

    def _signed(self, origin: str, now: datetime) -> str:
        claims: dict[str, Any] = {"aud": origin, "exp": now + SIGNED_FOR, "sub": self._config.contact}
        return jwt.encode(claims, self._key, algorithm="ES256")

    @asynccontextmanager
    async def _line(self, place: URL) -> AsyncIterator[Line]:
        """Kept open for the first so many push services; whatever other hosts browsers name, for one message."""
        origin = str(place.origin())
        line = self._lines.get(origin)
        if line is not None:
            yield line
            return
        try:
            line = Line(self._name, origin, self._config)
        except ValueError as error:
            raise TransportError(str(error), Trouble.OURS) from None
        if len(self._lines) < PLACES:
            self._lines[origin] = line
            yield line
            return
        try:
            yield line
        finally:
            await line.close()

    async def _forget(self, browser: RungBrowser) -> None:
        if self.browsers is None:
            return
        try:
            await self.browsers.forget(browser)
        except AWAY as error:  # the next message finds it gone again
            log.warning("browser_not_forgotten", person=browser.person, error=error_text(error))
        else:
            log.info("browser_gone", person=browser.person)

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    key = load_pem_private_key(read_secret(secrets, config.key), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(
            said(N_("channel %(name)s: %(file)s holds no P-256 key"), name=name, file=config.key)
        )
    return WebPushChannel(name, config, key)


def payload(message: Message, most: int = WORDS_BYTES) -> bytes:
    """What the page's worker shows. `most`: bytes of the text. What says several opens the desk."""
    link = "" if message.also else message.link or ""
    case = "" if message.also else message.case
    words = message.letter.text.removesuffix(link).rstrip(" ：:")
    written = orjson.dumps(
        {
            "title": _cut(message.letter.subject, 300),
            "body": _cut(words, most),
            "url": link or (f"/cases/{case}" if case else "/"),
            "tag": case or message.id,
            "lang": "zh-CN" if message.language is Language.ZH else "en",
            "stays": not message.exercise and message.level not in CALM,
        }
    )
    return written if len(written) <= FITS or most == 0 else payload(message, most // 2)


def encrypted(content: bytes, browser: RungBrowser) -> bytes:
    keys = browser.push.keys
    encrypt = cast(Callable[..., bytes], http_ece.encrypt)  # pyright: ignore[reportUnknownMemberType] - it has no types
    return encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unpadded(keys.p256dh),
        auth_secret=unpadded(keys.auth),
        rs=RECORD,
        version="aes128gcm",
    )


def _cut(text: str, most: int) -> str:
    raw = text.encode()
    return text if len(raw) <= most else f"{raw[: max(most - 3, 0)].decode(errors='ignore')}…"


def _kept_for(message: Message, now: datetime) -> timedelta:
    left = message.until - now if message.until is not None else KEPT_OTHERWISE
    return min(max(left, SHORTEST), LONGEST)


def _refusal(answer: GatewayAnswer, now: datetime) -> TransportError:
    words = f"the push service answered {answer.status} {body_words(answer.body)}".rstrip()
    if answer.status in GONE:
        return TransportError(f"{words}: this browser is gone", Trouble.ADDRESS)
    if answer.status in TRY_AGAIN or answer.status >= 500:
        pause = retry_after(answer.headers.get("Retry-After"), now)
        return TransportError(words, Trouble.GATEWAY, after=pause)
    return TransportError(f"{words}: see the key and the contact in the channel file", Trouble.OURS)


def _weightiest(failures: Sequence[TransportError]) -> TransportError:
    """What passes counts before what somebody has to mend, and that before a browser that is gone."""
    order = (Trouble.GATEWAY, Trouble.OURS, Trouble.ADDRESS)
    return min(failures, key=lambda failure: order.index(failure.trouble))
