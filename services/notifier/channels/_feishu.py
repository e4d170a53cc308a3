"""The buttons of Feishu's cards (`card.action.trigger`), as its application calls back with them. Pure.

Invariant: a press is heard only where the signature over time, nonce and body is made with the application's
Encrypt Key, no longer than five minutes ago, and the body, once deciphered, has its Verification Token. The
trial of the address proves itself by that token alone: Feishu does not always sign it.
https://open.feishu.cn/document/event-subscription-guide/callback-subscription/receive-and-handle-callbacks
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import orjson
from pydantic import JsonValue

from services.notifier.channels import CallBack, CallBackItem, Reply, SaidBack, gateway_words
from services.notifier.channels._call_backs import in_time
from services.notifier.channels._ciphered import deciphered, refused
from services.notifier.channels._meaning import at_path
from shared.message import N_
from shared.vocabulary import Language

PRESSED = "card.action.trigger"
NOT_SIGNED = N_("X-Lark-Signature is not that of this body")
LONGEST_CHALLENGE, LONGEST_ID = 200, 200


@dataclass(frozen=True, slots=True)
class FeishuCallBacks:
    encrypt_key: str = field(repr=False)
    token: str = field(repr=False)
    addressed_by: str
    """What the addresses in the directory are: the presser's of that kind says who it was."""
    takes_replies: bool = True
    says_back: bool = True

    def greeting(self, call: CallBack, now: datetime) -> SaidBack | None:  # noqa: ARG002 - not every trial is signed
        content = self._read(call)
        if content.get("type") != "url_verification":
            return None
        self._check_token(content.get("token"))
        challenge = content.get("challenge")
        if not isinstance(challenge, str) or len(challenge) > LONGEST_CHALLENGE:
            raise ValueError(N_("send a challenge of at most 200 letters"))
        return SaidBack(orjson.dumps({"challenge": challenge}).decode(), "application/json")

    def items(self, call: CallBack, now: datetime) -> list[CallBackItem]:
        timestamp = call.headers.get("x-lark-request-timestamp", "")
        nonce = call.headers.get("x-lark-request-nonce", "")
        signed = f"{timestamp}{nonce}{self.encrypt_key}".encode() + call.body
        given = call.headers.get("x-lark-signature", "")
        if not hmac.compare_digest(hashlib.sha256(signed).hexdigest().encode(), given.encode()):
            raise refused(NOT_SIGNED)
        in_time(timestamp, now)
        content = self._read(call)
        self._check_token(at_path(content, ("header.token",)))
        return [content]

    def reply_in(self, item: CallBackItem) -> Reply | None:
        content = cast(JsonValue, item)
        if not self.takes_replies or at_path(content, ("header.event_type",)) != PRESSED:
            return None
        return Reply(
            id=_text(content, "header.event_id"),
            number=_text(content, f"event.operator.{self.addressed_by}"),
            words=_text(content, "event.action.value.digit"),
            about=_text(content, "event.action.value.message"),
            only_about=True,
            only_its_person=True,
        )

    def receipt_in(self, item: CallBackItem) -> CallBackItem | None:  # noqa: ARG002 - it sends none
        return None

    def said_back(self, words: str, language: Language) -> SaidBack | None:  # noqa: ARG002 - the words are in it
        toast = {"toast": {"type": "info", "content": words}} if words else {}
        return SaidBack(orjson.dumps(toast).decode(), "application/json")

    def _read(self, call: CallBack) -> dict[str, JsonValue]:
        envelope = cast(JsonValue, orjson.loads(call.body))
        ciphered = envelope.get("encrypt") if isinstance(envelope, dict) else None
        if not isinstance(ciphered, str):
            raise refused(N_("it is not ciphered: give the application an Encrypt Key"))
        try:
            raw = base64.b64decode(ciphered, validate=True)
            key = hashlib.sha256(self.encrypt_key.encode()).digest()
            content = cast(JsonValue, orjson.loads(deciphered(key, raw[:16], raw[16:], block=16)))
        except ValueError:
            raise refused(NOT_SIGNED) from None
        if not isinstance(content, dict):
            raise refused(NOT_SIGNED)
        return content

    def _check_token(self, given: object) -> None:
        if not hmac.compare_digest(str(given).encode(), self.token.encode()):
            raise refused(N_("the Verification Token is not ours"))


def _text(content: JsonValue, path: str) -> str:
    value = at_path(content, (path,))
    return gateway_words(value, LONGEST_ID) if isinstance(value, str) else ""
