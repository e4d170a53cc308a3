"""What every channel over HTTP shares: how its place is reached, and what it means that no answer came.

Invariant: whatever kept an answer away is the gateway's trouble; only a private address that the channel
file does not allow is ours.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import AfterValidator, FilePath
from yarl import URL

from services.notifier.channels import ChannelConfig, SeenSkew, TransportError, Trouble, gateway_words
from services.notifier.gateway_time import ahead_by_date
from services.notifier.posting import (
    GatewayAnswer,
    Poster,
    PostError,
    PrivateRefused,
    check_authority,
    check_proxy,
)

TRY_AGAIN = frozenset({408, 425, 429})
ABOUT_THE_ADDRESS = frozenset({400, 410, 422})
LONGEST_PAUSE = 86_400


class OverHttp(ChannelConfig):
    """The part of a channel's entry that says how its place is reached."""

    proxy: Annotated[str, AfterValidator(check_proxy)] | None = None
    """Where requests leave the house."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the gateway's certificate is from. None: those the system trusts."""
    replies: bool = False
    """The gateway brings back what people answer, so they are told that they may."""
    private: bool = False
    """Its address may be this machine or the house's own network."""

    @property
    def takes_replies(self) -> bool:
        return self.replies


class Line:
    """The connection of one channel to its place."""

    def __init__(self, name: str, url: str, config: OverHttp) -> None:
        self._name = name
        self.skew: SeenSkew | None = None
        self._poster = Poster(
            url,
            at_once=config.at_once,
            proxy=config.proxy,
            authority=config.authority,
            private=config.private,
        )
        self._timeout = config.timeout.total_seconds()

    async def ask(
        self, url: URL, headers: Mapping[str, str], body: bytes | None, *, method: str = "POST"
    ) -> GatewayAnswer:
        """The answer, whatever it says. Raises TransportError where none came."""
        asked_at = datetime.now(UTC)
        try:
            answer = await self._poster.ask(method, url, body, headers, timeout=self._timeout)
        except PrivateRefused as error:
            raise TransportError(
                f"{error}, so nothing was sent: write `private: true` in the channel file if that is meant",
                Trouble.OURS,
            ) from None
        except PostError as error:
            raise TransportError(
                f"{error}: is the gateway up and its address right in the channel file?", Trouble.GATEWAY
            ) from None
        if self.skew is not None:
            ahead = ahead_by_date(answer.headers.get("Date"), asked_at, datetime.now(UTC))
            if ahead is not None:
                self.skew(self._name, ahead)
        return answer

    async def close(self) -> None:
        await self._poster.close()


def trouble_of_status(status: int) -> Trouble:
    """What an answer that is no 2xx means where nothing more is known of the gateway."""
    if status in TRY_AGAIN or status >= 500:
        return Trouble.GATEWAY
    return Trouble.ADDRESS if status in ABOUT_THE_ADDRESS else Trouble.OURS


def remedy_of_status(status: int) -> str:
    if status in (401, 403):
        return "do its key and ours agree?"
    if 300 <= status < 400:
        return "give its final address in the channel file"
    if trouble_of_status(status) is Trouble.ADDRESS:
        return "mend the person's address in the directory"
    return "see the channel file"


def refusal_by_status(answer: GatewayAnswer, now: datetime) -> TransportError:
    trouble = trouble_of_status(answer.status)
    words = f"the gateway answered {answer.status} {body_words(answer.body)}".rstrip()
    if trouble is Trouble.GATEWAY:
        return TransportError(words, trouble, after=retry_after(answer.headers.get("Retry-After"), now))
    return TransportError(f"{words}: {remedy_of_status(answer.status)}", trouble)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After in both its forms: seconds or a date. What is neither is not there."""
    if not value:
        return None
    try:
        if value.strip().isdigit():
            return timedelta(seconds=min(int(value), LONGEST_PAUSE))
        return max(parsedate_to_datetime(value).astimezone(UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        return None


def body_words(body: bytes) -> str:
    return gateway_words(body.decode("utf-8", "replace"), 160)
