"""The buttons of WeCom's template cards (`template_card_event`), as its application calls back. Pure.

Invariant: a press is heard only where `msg_signature` over token, time, nonce and cipher is ours, no longer
than five minutes ago, and what is deciphered is meant for our company. The trial of the address, a GET,
proves itself the same way; it answers nothing.
https://developer.work.weixin.qq.com/document/path/90238
https://developer.work.weixin.qq.com/document/path/90240
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from services.notifier.channels import CallBack, CallBackItem, Reply, SaidBack, gateway_words
from services.notifier.channels._call_backs import in_time
from services.notifier.channels._ciphered import deciphered, refused
from shared.message import N_
from shared.vocabulary import Language

NOT_SIGNED = N_("msg_signature is not that of this message")
PADDED_TO, RANDOM, LENGTH = 32, 16, 4
"""Bytes: a block of the padding; what stands before the length; the length itself."""
MOST_FIELDS, LONGEST = 100, 1024


def aes_key(written: str) -> bytes:
    """Of an EncodingAESKey. Raises ValueError for what is none."""
    key = base64.b64decode(f"{written}=", validate=True)
    if len(key) != 32:
        raise ValueError(N_("an EncodingAESKey has 43 letters"))
    return key


@dataclass(frozen=True, slots=True)
class WeComCallBacks:
    token: str = field(repr=False)
    key: bytes = field(repr=False)
    corp: str
    takes_replies: bool = True
    says_back: bool = False

    def greeting(self, call: CallBack, now: datetime) -> SaidBack | None:
        echo = call.query.get("echostr")
        if echo is None or call.body:
            return None
        return SaidBack(self._proven(call, echo, now).decode("utf-8", "replace"), "text/plain")

    def items(self, call: CallBack, now: datetime) -> list[CallBackItem]:
        content = self._proven(call, _fields(call.body).get("Encrypt", ""), now)
        return [dict(_fields(content))]

    def reply_in(self, item: CallBackItem) -> Reply | None:
        if not self.takes_replies or item.get("Event") != "template_card_event":
            return None
        who, about, digit = (
            gateway_words(str(item.get(name, "")), 200) for name in ("FromUserName", "TaskId", "EventKey")
        )
        made = hashlib.sha256("\0".join((who, about, digit, str(item.get("CreateTime")))).encode())
        return Reply(made.hexdigest()[:40], who, digit, about, only_about=True, only_its_person=True)

    def receipt_in(self, item: CallBackItem) -> CallBackItem | None:  # noqa: ARG002 - it sends none
        return None

    def said_back(self, words: str, language: Language) -> SaidBack | None:  # noqa: ARG002 - a message tells the person
        return SaidBack("", "text/plain")

    def _proven(self, call: CallBack, ciphered: str, now: datetime) -> bytes:
        timestamp = call.query.get("timestamp", "")
        signed = "".join(sorted((self.token, timestamp, call.query.get("nonce", ""), ciphered)))
        expected, given = hashlib.sha1(signed.encode()).hexdigest(), call.query.get("msg_signature", "")  # noqa: S324 - theirs
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise refused(NOT_SIGNED)
        in_time(timestamp, now)
        try:
            plain = deciphered(self.key, self.key[:16], base64.b64decode(ciphered, validate=True), PADDED_TO)
        except ValueError:
            raise refused(NOT_SIGNED) from None
        begins = RANDOM + LENGTH
        ends = begins + int.from_bytes(plain[RANDOM:begins])
        if len(plain) < begins or plain[ends:] != self.corp.encode():
            raise refused(N_("it is for another company: see with.corp"))
        return plain[begins:ends]


def _fields(raw: bytes) -> dict[str, str]:
    """The leaves of a flat document. Raises ValueError for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise ValueError(N_("send XML")) from None
    if root.getroottree().docinfo.internalDTD is not None or len(root) > MOST_FIELDS:
        raise ValueError(N_("send XML"))
    return {
        str(leaf.tag): (leaf.text or "") if leaf.tag == "Encrypt" else (leaf.text or "")[:LONGEST]
        for leaf in root
        if isinstance(leaf.tag, str)
    }
