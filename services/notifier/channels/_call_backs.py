"""What a gateway calls back with, as its description says it. Pure.

Invariant: nothing is read of a call-back that has not proven to be the gateway's: by a signature over all of
it, or by the secret in the address that only the gateway was given. What is read is bounded, and one line.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import orjson
from pydantic import JsonValue
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifier.channels import (
    CallBack,
    CallBackFault,
    CallBackItem,
    CallBackRefused,
    Reply,
    SaidBack,
    gateway_words,
)
from services.notifier.channels._description import (
    CallBacks,
    FeishuApp,
    Hmac,
    Paths,
    ReceiptMeaning,
    SharedSecret,
    StandardWebhook,
    Twilio,
    WeComApp,
)
from services.notifier.channels._fill import Filler
from services.notifier.channels._meaning import at_path
from services.notifier.channels._receipts import GatewayReceipt, receipt_in
from services.notifier.channels._signing import hmac_written
from services.notifier.gateway_time import ahead_by_call_back
from shared.message import N_
from shared.vocabulary import Language

LATE = timedelta(minutes=5)
"""How far the time of a signed call-back may be from ours."""
MOST_ITEMS = 500
"""In one call-back."""
OWN_ID = "webhook_id"
LONGEST_WORDS, LONGEST_ID, LONGEST_NUMBER = 500, 200, 40
SPOKEN = {Language.ZH: "cmn-CN", Language.EN: "en-US"}


@dataclass(frozen=True, slots=True)
class DescribedCallBacks:
    described: CallBacks
    secret: str = field(repr=False)
    country: str = "86"
    receipts: ReceiptMeaning | None = None

    @property
    def takes_replies(self) -> bool:
        return self.described.answers is not None

    @property
    def says_back(self) -> bool:
        return self.described.says_back

    def greeting(self, call: CallBack, now: datetime) -> SaidBack | None:  # noqa: ARG002 - these try nothing out
        return None

    def items(self, call: CallBack, now: datetime) -> list[CallBackItem]:
        content = _form(call.body) if self.described.form else None
        match self.described.proof:
            case StandardWebhook():
                _standard_webhook(self.secret, call, now)
            case Twilio():
                _twilio(self.secret, call, content or {})
            case SharedSecret():
                _same(self.secret, call.query.get("key", ""), N_("the key in the address is not ours"))
            case Hmac() as signing:
                _hmac(signing, self.secret, call, now)
            case FeishuApp() | WeComApp():
                raise AssertionError("each is read by its own")
        return [content] if content is not None else _json(call)

    def reply_in(self, item: CallBackItem) -> Reply | None:
        places = self.described.answers
        if places is None or not (words := _text(item, places.words, LONGEST_WORDS)):
            return None
        number = _number(
            _text(item, places.number, LONGEST_NUMBER), _text(item, places.country, 8), self.country
        )
        about = _text(item, places.about, LONGEST_ID) or None
        given = _text(item, places.id, LONGEST_ID)
        made = hashlib.sha256("\0".join((number, words, about or "", _text(item, places.at, 40))).encode())
        return Reply(given or made.hexdigest()[:40], number, words, about)

    def receipt_in(self, item: CallBackItem) -> CallBackItem | None:
        if self.receipts is not None:
            return _as_ours(receipt_in(cast(JsonValue, item), self.receipts))
        if not isinstance(self.described.proof, StandardWebhook):
            return None
        return {name: value for name, value in item.items() if name != OWN_ID}

    def said_back(self, words: str, language: Language) -> SaidBack | None:
        reply = self.described.reply
        if reply is None:
            return None
        parts: dict[str, JsonValue] = {"said": words, "spoken": SPOKEN[language]}
        return SaidBack(str(Filler(parts, frozenset()).text(reply.text)), reply.type)


def _as_ours(receipt: GatewayReceipt | None) -> CallBackItem | None:
    if receipt is None:
        return None
    said: dict[str, JsonValue] = {
        "id": receipt.id,
        "reference": receipt.reference,
        "outcome": "delivered" if receipt.is_delivered else "failed",
        "error": receipt.words,
    }
    return {name: value for name, value in said.items() if value is not None}


def _form(body: bytes) -> dict[str, JsonValue]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200))


def _json(call: CallBack) -> list[CallBackItem]:
    content = cast(JsonValue, orjson.loads(call.body))
    items = content if isinstance(content, list) else [content]
    if len(items) > MOST_ITEMS or not all(isinstance(item, dict) for item in items):
        raise ValueError(N_("send a JSON object, or a list of at most 500"))
    # A signed webhook's own id stands in its headers.
    own = {OWN_ID: call.headers.get("webhook-id")}
    return [cast(dict[str, JsonValue], item) | own for item in items]


def _text(item: CallBackItem, paths: Paths, limit: int) -> str:
    value = at_path(cast(JsonValue, item), paths)
    return gateway_words(str(value), limit) if isinstance(value, str | int) else ""


def _number(given: str, country: str, ours: str) -> str:
    digits = "".join(filter(str.isdigit, given))
    if country and digits and not given.startswith("+"):
        return f"+{country.lstrip('+')}{digits}"
    return with_country(given, ours)


def with_country(number: str, country: str) -> str:
    """With the country's code in front: a number at home may come without it."""
    digits = "".join(filter(str.isdigit, number))
    if not digits or number.startswith("+"):
        return f"+{digits}" if digits else ""
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    has_it = digits.startswith(country) and len(digits) > len(country) + 8
    return f"+{digits}" if has_it else f"+{country}{digits}"


def _same(expected: str, given: str, why: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise CallBackRefused(CallBackFault.SIGNATURE, why)


def _standard_webhook(key: str, call: CallBack, now: datetime) -> None:
    webhook = Webhook(key)
    try:
        webhook.verify(call.body, dict(call.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        ahead = ahead_by_call_back(webhook, call.body, dict(call.headers), now)
        fault = CallBackFault.SIGNATURE if ahead is None else CallBackFault.CLOCK
        raise CallBackRefused(fault, str(error), ahead) from None


def _twilio(token: str, call: CallBack, form: Mapping[str, JsonValue]) -> None:
    """Each name once: a form with a name twice is none of theirs for a message or a call."""
    over = call.url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(token.encode(), over.encode(), hashlib.sha1).digest()
    given = call.headers.get("x-twilio-signature", "")
    _same(
        base64.b64encode(digest).decode(),
        given,
        N_("X-Twilio-Signature is not that of this address and form"),
    )


def _hmac(signing: Hmac, key: str, call: CallBack, now: datetime) -> None:
    place = urlsplit(call.url)
    timestamp = call.headers.get(signing.timestamp_header.lower(), "")
    parts = {
        "{method}": "POST",
        "{path}": place.path,
        "{query}": place.query,
        "{timestamp}": timestamp,
        "{nonce}": call.headers.get(signing.nonce_header.lower(), ""),
        "{id}": "",
        "{body}": call.body.decode("utf-8", "replace"),
    }
    given = call.headers.get(signing.header.lower(), "")
    _same(hmac_written(signing, key, parts), given, N_("the signature is not that of this body"))
    if "{timestamp}" in signing.over:
        in_time(timestamp, now)


def in_time(timestamp: str, now: datetime) -> None:
    """Raises CallBackRefused for a time that is none, or too far from ours. Seconds since 1970."""
    try:
        ahead = datetime.fromtimestamp(int(timestamp), UTC) - now
    except (ValueError, OverflowError, OSError):
        raise CallBackRefused(CallBackFault.SIGNATURE, N_("the time of the signature is none")) from None
    if abs(ahead) > LATE:
        raise CallBackRefused(
            CallBackFault.CLOCK, N_("the time of the signature is too far from ours"), ahead
        )
