"""Any gateway that takes a signed webhook (Standard Webhooks): voice, SMS, chat.

Invariant: `webhook-id` is the message's own id, the same on every attempt and after every crash, so that a
gateway which keeps the ids it has seen calls nobody twice. 2xx is handed over; 408, 425, 429, 5xx and no
answer are the gateway's trouble and tried again; 400, 410 and 422 say that the address is no good; all else
is ours.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self, cast

import orjson
from pydantic import AfterValidator, model_validator
from standardwebhooks import Webhook
from yarl import URL

from services.notifier.channels import Channel, ChannelConfig, Inbound, Message, Reference, Taken
from services.notifier.channels._call_backs import OWN_ID, DescribedCallBacks
from services.notifier.channels._description import AnswerPlaces, CallBacks, StandardWebhook
from services.notifier.channels._over_http import Line, OverHttp, refusal_by_status
from services.notifier.posting import GatewayAnswer, check_address, check_reach
from shared.facts import rfc3339
from shared.secrets import SecretFile, read_secret

EVENT_TYPE = "cn.fenghuo.notice.v1"
CALL_BACKS = CallBacks(
    proof=StandardWebhook(scheme="standard_webhooks"),
    answers=AnswerPlaces(id=(OWN_ID,), number=("from",), words=("text", "key"), about=("id", "reference")),
)
"""A reply: `from` whom, the `text` or the `key` that was pressed, and `id` (the webhook-id) or `reference` of
the message where they are known.
"""


class Config(OverHttp):
    kind: Literal["webhook"]
    url: Annotated[str, AfterValidator(check_address)]
    key: str = SecretFile.WEBHOOK
    """The name of a file in the secrets folder with a `whsec_…` key."""

    def inbound(self, secrets: Path) -> Inbound:
        described = CALL_BACKS if self.replies else CALL_BACKS.model_copy(update={"answers": None})
        return DescribedCallBacks(described, read_secret(secrets, self.key).decode().strip())

    @model_validator(mode="after")
    def _reach(self) -> Self:
        check_reach(self.url, private=self.private)
        return self


class WebhookChannel:
    def __init__(self, name: str, config: Config, key: str) -> None:
        self.line = Line(name, config.url, config)
        self._url = URL(config.url)
        self._webhook = Webhook(key)

    async def deliver(self, message: Message) -> Reference | None:
        body = payload(message)
        at = datetime.now(UTC)  # the signature's own time: the receiver checks it against its clock, now
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message.id, at, body.decode()),
        }
        answer = await self.line.ask(self._url, headers, body)
        return Taken(read_answer(answer, at) or "", str(answer.status))

    async def close(self) -> None:
        await self.line.close()


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
    raise refusal_by_status(answer, now)


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
