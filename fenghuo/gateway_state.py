"""What a gateway of this machine knows: rules, messages, counters; and the ways of a message through it.

Invariant: what was accepted under an id is accepted once, and a repeat gets the reference of the first.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx2
import orjson
from standardwebhooks import Webhook

from fenghuo.gateway_messages import Received
from fenghuo.modem.carrier import Modem, ModemTrouble

CALL_BACK_SECONDS = 10.0
NOT_BROUGHT = (
    "答复还在 SIM 卡上，通知服务不收（{why}）：请检查它是否在运行，以及渠道文件中短信的 replies: true。 "
    "An answer stays on the SIM card, the notifier does not take it ({why}): see whether it runs, and `replies: true`"
    " of the texts in the channel file."
)
REMEMBERED_IDS = 200_000


class Mode(StrEnum):
    OK = "ok"
    REFUSE = "refuse"
    FAIL = "fail"
    DROP = "drop"


@dataclass
class GatewayRule:
    """How the gateway treats what matches; `times` counts down to none left."""

    match: str
    mode: Mode = Mode.OK
    delay: float = 0.0
    times: int | None = None

    def applies(self, path: str, address: str) -> bool:
        return self.times != 0 and (self.match == "*" or self.match in address or self.match in path)


@dataclass(frozen=True)
class Attempt:
    """One time that a message was handed over over HTTP."""

    at: float
    channel: str
    id: str
    status: int | None
    """What was answered; None where nobody was there any more to hear it."""


class Gateway:
    """What both ends share: rules, messages, counters."""

    def __init__(self, webhook_key: str, *, keep: int = 10_000) -> None:
        self.webhook = Webhook(webhook_key)
        self.rules: list[GatewayRule] = []
        self.messages: deque[Received] = deque(maxlen=keep)
        self.counters: Counter[str] = Counter()
        self.attempts: deque[Attempt] = deque(maxlen=keep)
        self.notifier = ""
        """Where call-backs go; empty: nowhere, and the page offers no answer."""
        self.modem: Modem | None = None
        """With one, texts go out for real, and calls are not taken: nobody would hear them."""
        self.not_brought = ""
        """Why an answer is still on the SIM card, in both languages; a full card takes no more."""
        self._stuck = ""
        """The answer that this is about."""
        self.not_carried: OrderedDict[str, Received] = OrderedDict()
        """Texts that the modem did not take, until it does."""
        self._references: OrderedDict[str, str] = OrderedDict()
        self._numbers = 0

    def command(
        self, match: str, mode: Mode = Mode.OK, *, delay: float = 0.0, times: int | None = None
    ) -> None:
        self.rules = [rule for rule in self.rules if rule.match != match]
        if mode is not Mode.OK or delay:
            self.rules.append(GatewayRule(match, mode, delay, times))

    async def treat(self, channel: str, address: str) -> Mode:
        """The mode for one attempt, after its delay."""
        self.counters[f"{channel}.attempts"] += 1
        for rule in reversed(self.rules):
            if rule.applies(f"/{channel}", address):
                if rule.times is not None:
                    rule.times -= 1
                if rule.delay:
                    await asyncio.sleep(rule.delay)
                self.counters[f"{channel}.{rule.mode}"] += rule.mode is not Mode.OK
                return rule.mode
        return Mode.OK

    def accept(self, channel: str, id: str, to: str, text: str, **more: Any) -> str:  # noqa: A002 - the protocol's word
        """Record it once; a repeat gets the reference of the first."""
        if known := self._references.get(id):
            self.counters[f"{channel}.repeats"] += 1
            return known
        self.counters[f"{channel}.accepted"] += 1
        self._numbers += 1
        reference = f"lab-{self._numbers:08d}"
        self._references[id] = reference
        if len(self._references) > REMEMBERED_IDS:
            self._references.popitem(last=False)
        self.messages.append(Received(self._numbers, time.time(), channel, id, to, text, **more))
        return reference

    async def carry(self, modem: Modem, id: str, to: str, text: str) -> str:  # noqa: A002 - the protocol's word
        """What became of it at the modem. Raises ModemTrouble."""
        if id in self._references:
            return ""  # the modem has it: `accept` drops the repeat
        try:
            parts = await modem.carry(id, to, text)
        except ModemTrouble as trouble:
            self.not_carried[id] = Received(0, time.time(), "sms", id, to, text, by_modem=f"✗ {trouble}")
            while len(self.not_carried) > (self.messages.maxlen or 0):
                self.not_carried.popitem(last=False)
            raise
        self.not_carried.pop(id, None)
        return f"✓ 已发出 Sent ({parts})"

    async def bring(self, number: str, text: str, own_id: str) -> bool:
        """Tells the notifier what a telephone answered by SMS; whether it has stored it."""
        if not text.strip():
            return True
        try:
            answer = await self.call_back("sms", {"from": number, "text": text}, own_id=own_id)
            why = "" if answer.is_success else str(answer.status_code)
        except httpx2.HTTPError:
            why = "没有回应 no response"
        if why:
            self._stuck, self.not_brought = own_id, NOT_BROUGHT.format(why=why)
        elif self._stuck == own_id:
            self._stuck = self.not_brought = ""
        return not why

    async def reply(self, message: Received, text: str, *, key: str | None = None) -> httpx2.Response:
        """Answer it as its person would: an SMS comes from a number and names no message, a key belongs to a call.
        `key`: sign with another one.
        """
        said = {"key": text, "id": message.id} if message.channel == "voice" else {"text": text}
        return await self.call_back(message.channel, {"from": message.to, **said}, key=key)

    async def call_back(
        self,
        channel: str,
        said: Mapping[str, str],
        *,
        own_id: str | None = None,
        key: str | None = None,
    ) -> httpx2.Response:
        """What a gateway brings back, signed. `own_id`: the same for a repeat."""
        body, now, webhook = orjson.dumps(said), datetime.now(UTC), Webhook(key) if key else self.webhook
        own = own_id or f"reply-{uuid4().hex}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": own,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(own, now, body.decode()),
        }
        async with httpx2.AsyncClient(timeout=CALL_BACK_SECONDS) as http:
            address = f"{self.notifier}/api/v1/call-backs/{channel}"
            return await http.post(address, content=body, headers=headers)
