"""Any gateway that takes a signed webhook (Standard Webhooks): voice, SMS, chat.

Invariant: `webhook-id` is the message's own id, the same on every attempt and after every crash, so that a
gateway which keeps the ids it has seen calls nobody twice. 2xx is handed over; 408, 429, 5xx and no answer
are tried again; all else is final.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Literal, cast

import orjson
from pydantic import AfterValidator, FilePath
from standardwebhooks import Webhook

from services.notifier.channels import Channel, ChannelConfig, Message, Reference, TransportError
from services.notifier.gateway_time import ahead_by_date
from services.notifier.posting import (
    GatewayAnswer,
    Poster,
    PostError,
    check_address,
    check_authority,
    check_proxy,
)
from shared.facts import rfc3339
from shared.secrets import SecretFile, read_secret

EVENT_TYPE = "cn.fenghuo.notice.v1"
SeenSkew = Callable[[str, timedelta], None]
TRY_AGAIN = frozenset({408, 425, 429})


class Config(ChannelConfig):
    kind: Literal["webhook"]
    url: Annotated[str, AfterValidator(check_address)]
    proxy: Annotated[str, AfterValidator(check_proxy)] | None = None
    """Where requests leave the house."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the gateway's certificate is from. None: those the system trusts."""
    key: str = SecretFile.WEBHOOK
    """The name of a file in the secrets folder with a `whsec_…` key."""


class WebhookChannel:
    def __init__(self, name: str, config: Config, key: str) -> None:
        self._name = name
        self.skew: SeenSkew | None = None
        """Told how far the gateway's clock is ahead of ours with each answer that has a `Date`."""
        self._poster = Poster(
            config.url, at_once=config.at_once, proxy=config.proxy, authority=config.authority
        )
        self._timeout = config.timeout.total_seconds()
        self._webhook = Webhook(key)

    async def deliver(self, message: Message) -> Reference | None:
        body = payload(message)
        at = datetime.now(UTC)  # the signature's own time: the receiver checks it against its clock, now
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message.id, at, body.decode()),
        }
        try:
            answer = await self._poster.post(body, headers, timeout=self._timeout)
        except PostError as error:
            raise TransportError(
                f"{error}: is the gateway up and its address right in the channel file?", retry=True
            ) from None
        ahead = ahead_by_date(answer.headers.get("Date"), at, datetime.now(UTC))
        if ahead is not None and self.skew is not None:
            self.skew(self._name, ahead)
        return read_answer(answer, at)

    async def close(self) -> None:
        await self._poster.close()


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    return WebhookChannel(name, config, read_secret(secrets, config.key).decode().strip())


def payload(message: Message) -> bytes:
    """The body: the same bytes on every attempt."""
    return orjson.dumps(
        {
            "type": EVENT_TYPE,
            "timestamp": rfc3339(message.at),
            "data": {
                "channel": message.channel,
                "to": message.to,
                "subject": message.letter.subject,
                "text": message.letter.text,
                "link": message.link,
                "language": message.language,
                "purpose": message.purpose,
                "level": message.level,
                "exercise": message.exercise,
                "case": message.case,
                "notice": message.notice,
                **({"also": message.also} if message.also else {}),
            },
        }
    )


def read_answer(answer: GatewayAnswer, now: datetime) -> Reference | None:
    """The gateway's reference for what it took (`reference` or `id` of its JSON). Raises TransportError for
    what it did not take.
    """
    if 200 <= answer.status < 300:
        return _reference(answer.body)
    words = f"the gateway answered {answer.status} {_words(answer.body)}".rstrip()
    if answer.status in TRY_AGAIN or answer.status >= 500:
        raise TransportError(words, retry=True, after=retry_after(answer.headers.get("Retry-After"), now))
    if answer.status in (401, 403):
        raise TransportError(f"{words}: does it verify with the same webhook key?", retry=False)
    if 300 <= answer.status < 400:
        raise TransportError(f"{words}: give its final address in the channel file", retry=False)
    raise TransportError(f"{words}: check the person's address in the directory", retry=False)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After in both its forms: seconds or a date. What is neither is not there."""
    if not value:
        return None
    try:
        if value.strip().isdigit():
            return timedelta(seconds=min(int(value), 86_400))
        return max(parsedate_to_datetime(value).astimezone(UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        return None


def _reference(body: bytes) -> Reference | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    fields = cast(dict[str, object], answer)
    given = fields.get("reference") or fields.get("id")
    return str(given) if given else None


def _words(body: bytes) -> str:
    """The start of what the gateway said; it may be anything."""
    return body[:160].decode("utf-8", "replace")
