"""The browsers in which people have said "ring me here", as the bucket BROWSERS has them, and what a browser
needs to say so.

Invariant: a browser belongs to the person who was logged in when it was put down, and rings as long as
that log-in was neither taken back nor logged out. Nothing relies on this bucket: a service works without it.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from nats.aio.client import Client
from pydantic import AfterValidator, Field, StringConstraints

from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.broker.write import PURGED, write
from shared.facts import Frozen, Instant
from shared.ids import PersonId
from shared.message import N_
from shared.streams import BROWSERS
from shared.tokens import Claims

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST = 5
"""Browsers of one person; one more, and the oldest goes."""
LONGEST_ENDPOINT = 1000
OFFER, OF = "offer", "of"
POINT_BYTES, AUTH_BYTES = 65, 16


def check_endpoint(endpoint: str) -> str:
    """The address itself. Raises ValueError for one that no push service has."""
    try:
        place = urlsplit(endpoint)
        good = place.scheme == "https" and place.hostname and not place.username and place.port != 0
    except ValueError:
        good = False
    if not good or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise ValueError(N_("is no address of a push service: it begins with https://"))
    return endpoint


def is_served(endpoint: str, services: Sequence[str]) -> bool:
    """Whether it is an address of one of these push services: a host, or `*.` and the end of hosts."""
    host = urlsplit(endpoint).hostname or ""
    return any(
        host == service or (service.startswith("*.") and host.endswith(service[1:])) for service in services
    )


def _point(key: str) -> str:
    raw = unpadded(key)
    if len(raw) != POINT_BYTES:
        raise ValueError(N_("is no key of a browser"))
    EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    return key


def _auth(key: str) -> str:
    if len(unpadded(key)) != AUTH_BYTES:
        raise ValueError(N_("is no key of a browser"))
    return key


def unpadded(text: str) -> bytes:
    """Base 64 as browsers write it. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class BrowserKeys(Frozen):
    """With which a message is encrypted so that this browser alone can read it (RFC 8291)."""

    p256dh: Annotated[str, StringConstraints(max_length=120), AfterValidator(_point)]
    auth: Annotated[str, StringConstraints(max_length=40), AfterValidator(_auth)]


class PushAddress(Frozen):
    """A PushSubscription as a browser gives it."""

    endpoint: Annotated[str, StringConstraints(max_length=LONGEST_ENDPOINT), AfterValidator(check_endpoint)]
    keys: BrowserKeys

    @property
    def id(self) -> str:
        return browser_id(self.endpoint)


class RungBrowser(Frozen):
    person: PersonId
    push: PushAddress
    since: Instant
    token: Claims
    """Of the log-in in which the person said so; of the token itself nothing."""

    @property
    def key(self) -> str:
        return f"{OF}.{self.person}.{self.push.id}"


class PushOffer(Frozen):
    """What the notifier can reach browsers by. Where none stands, nobody is asked."""

    key: str
    """The public half of the key that signs what is sent (VAPID, RFC 8292), as browsers take it."""
    services: Annotated[tuple[str, ...], Field(min_length=1)]


def browser_id(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()[:32]


class Browsers:
    """As the bucket has them now. `run` belongs to a service's `tasks`."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self.offer: PushOffer | None = None
        self._connection = connection
        self._of: dict[str, dict[str, RungBrowser]] = {}
        self.run = BucketFollower(BROWSERS, connection, self._take, steps_back=False).run

    def of(self, person: str) -> Sequence[RungBrowser]:
        """The oldest first."""
        return sorted(self._of.get(person, {}).values(), key=lambda browser: browser.since)

    def everybodys(self) -> list[RungBrowser]:
        return [browser for mine in self._of.values() for browser in mine.values()]

    def named(self, place: str) -> RungBrowser | None:
        """By its id, whosever it is."""
        return next((mine[place] for mine in self._of.values() if place in mine), None)

    async def put(self, browser: RungBrowser) -> None:
        """Raises NatsError, OSError or TimeoutError: not put down."""
        await write(self._connection(), BROWSERS, browser.key, browser.model_dump_json().encode())
        # The page made next has to show it.
        self._of.setdefault(browser.person, {})[browser.push.id] = browser
        others = [other for other in self.of(browser.person) if other.key != browser.key]
        for oldest in others[: max(len(others) + 1 - MOST, 0)]:
            await self.forget(oldest)

    async def forget(self, browser: RungBrowser) -> None:
        """With its history. Raises as `put`."""
        await write(self._connection(), BROWSERS, browser.key, b"", headers=PURGED)
        self._of.get(browser.person, {}).pop(browser.push.id, None)

    async def say_offer(self, offer: PushOffer | None) -> None:
        """Raises as `put`."""
        raw, headers = (b"", PURGED) if offer is None else (offer.model_dump_json().encode(), None)
        await write(self._connection(), BROWSERS, OFFER, raw, headers=headers)

    def _take(self, entry: BucketEntry) -> None:
        if entry.key == OFFER:
            self.offer = PushOffer.model_validate_json(entry.value) if entry.value else None
            return
        kind, _, rest = entry.key.partition(".")
        person, _, place = rest.partition(".")
        if kind != OF:
            return
        if not entry.value:
            self._of.get(person, {}).pop(place, None)
            return
        browser = RungBrowser.model_validate_json(entry.value)
        if browser.key == entry.key:
            self._of.setdefault(person, {})[place] = browser
