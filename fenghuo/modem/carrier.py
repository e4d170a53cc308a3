"""Text messages out and answers in, through one modem.

Invariant: a message is handed to the modem once under its id, however often it is asked for and whatever ends in
between: parts that the modem has taken are not sent again. An answer is deleted from the SIM card only after the
notifier has stored it.
"""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise

from fenghuo.modem.line import AtError, AtLine, LineLost, open_line
from fenghuo.modem.pdu import PartReceived, Submit, delivered, submits

LOOK_SECONDS = 2.0
"""Between two looks for answers, and between two tries to find the modem."""
MOST_WAITING = 200
REMEMBERED = 10_000
INCOMPLETE_SECONDS = 600.0
"""How long a part waits for the others before it is brought without them."""
NUMBER = re.compile(r"\+?\d{3,20}")
BAD_NUMBER = {"1", "28", "30"}
"""`+CMS ERROR`: the number is unassigned, unidentified, unknown (3GPP TS 24.011, annex E)."""
REGISTERED = re.compile(r"\+C(?:G|E)?REG: *\d+, *[15]\b")
STORED = re.compile(r"\+CMGL: *(\d+),")


class ModemTrouble(RuntimeError):
    """Why the modem takes nothing now, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{en} {zh}")


class NumberRefused(ModemTrouble):
    """The number itself is no good."""


class SimRefused(ModemTrouble):
    """Somebody has to do something at the SIM card: it is not tried again, three wrong PINs lock it."""


STARTING = ModemTrouble("调制解调器正在启动。", "The modem is starting.")
UNPLUGGED = ModemTrouble(
    "找不到调制解调器：请检查插头和电源。", "The modem does not answer: check plug and power."
)
NOT_OURS = ModemTrouble(
    "无权打开串口：请把运行用户加入串口所属的用户组（dialout）。",
    "The serial line may not be opened: add the user to the line's group (dialout).",
)
NO_NETWORK = ModemTrouble(
    "没有移动网络：请检查天线和 SIM 卡。", "No mobile network: check the antenna and the SIM card."
)
BUSY = ModemTrouble("等待发送的短信太多，请稍后。", "Too many messages wait: try later.")
PIN_MISSING = SimRefused(
    "SIM 卡要 PIN：请把 PIN 写进密钥文件夹的 modem-pin 文件后重启网关。",
    "The SIM card wants its PIN: write it into the file modem-pin of the secrets folder and start again.",
)
PIN_REFUSED = SimRefused(
    "PIN 不对，不会再试（错三次就锁卡）：请改正密钥文件夹的 modem-pin 文件后重启网关。",
    "The PIN was refused and is not tried again (three wrong ones lock the card): mend the file modem-pin of the"
    " secrets folder and start again.",
)
SIM_LOCKED = SimRefused(
    "SIM 卡已锁或不能用：请把卡放进手机，用 PUK 解锁后再插回并重启网关。",
    "The SIM card is locked or unusable: unlock it in a telephone by its PUK, put it back and start again.",
)


@dataclass
class TextToSend:
    number: str
    parts: list[Submit]
    taken: int = 0
    sending: asyncio.Task[None] | None = None


@dataclass
class Incoming:
    """What has come of one message so far: the places on the SIM card by part."""

    first_seen: float
    texts: dict[int, str] = field(default_factory=dict[int, str])
    places: dict[str, str] = field(default_factory=dict[str, str])


Bring = Callable[[str, str, str], Awaitable[bool]]


class Modem:
    """`bring`: tells the notifier number, text and an own id of an answer; whether it has stored it."""

    def __init__(self, path: str, pin: str, bring: Bring) -> None:
        self.trouble: ModemTrouble | None = STARTING
        self._path, self._pin, self._bring = path, pin, bring
        self._line: AtLine | None = None
        self._talk = asyncio.Lock()
        self._outgoing: OrderedDict[str, TextToSend] = OrderedDict()
        self._first_seen: dict[str, float] = {}

    async def run(self) -> None:
        """Until it is cancelled, or the SIM card needs somebody."""
        while True:
            try:
                async with open_line(self._path) as line:
                    await self._serve(line)
            except SimRefused as refused:
                self.trouble = refused
                return
            except PermissionError:
                self.trouble = NOT_OURS
            except LineLost:
                self.trouble = UNPLUGGED
            except AtError as error:
                self.trouble = _said(error)
            finally:
                self._line = None
            await asyncio.sleep(LOOK_SECONDS)

    async def carry(self, message: str, number: str, text: str) -> int:
        """How many parts the modem took. Raises ModemTrouble. Whoever gives up waiting asks again by the same id."""
        outgoing = self._outgoing.get(message)
        if outgoing is None:
            outgoing = self._outgoing[message] = self._prepared(message, number, text)
        if outgoing.sending is None:
            outgoing.sending = asyncio.create_task(self._send(outgoing), name="sms-by-modem")
        await asyncio.shield(outgoing.sending)
        return len(outgoing.parts)

    def _prepared(self, message: str, number: str, text: str) -> TextToSend:
        if not NUMBER.fullmatch(number):
            raise NumberRefused("这不是电话号码。", "This is no telephone number.")
        waiting = [one for one in self._outgoing.values() if one.sending and not one.sending.done()]
        if len(waiting) >= MOST_WAITING:
            raise BUSY
        while len(self._outgoing) >= REMEMBERED:
            self._outgoing.popitem(last=False)
        reference = hashlib.sha256(message.encode()).digest()[0]
        try:
            return TextToSend(number, submits(number, text, reference))
        except ValueError as error:
            raise ModemTrouble("短信太长。", f"The text is too long: {error}.") from None

    async def _send(self, outgoing: TextToSend) -> None:
        try:
            async with self._talk:
                await self._hand_over(outgoing)
        except ModemTrouble:
            outgoing.sending = None  # the next request tries again from the part that was not taken
            raise

    async def _hand_over(self, outgoing: TextToSend) -> None:
        line = self._line
        if line is None:
            raise self.trouble or UNPLUGGED
        try:
            if not await _is_registered(line):
                raise NO_NETWORK
            for part in outgoing.parts[outgoing.taken :]:
                await line.send(part)
                outgoing.taken += 1
        except LineLost:
            line.close()
            self._line, self.trouble = None, UNPLUGGED
            raise UNPLUGGED from None
        except AtError as error:
            words = str(error)
            if words.rpartition(":")[2].strip() in BAD_NUMBER and words.startswith("+CMS"):
                raise NumberRefused(
                    f"运营商说没有这个号码（{words}）。", f"The network knows no such number ({words})."
                ) from None
            raise _said(error) from None

    async def _serve(self, line: AtLine) -> None:
        async with self._talk:
            await self._greet(line)
            self._line, self.trouble = line, None
        while self._line is line:
            async with self._talk:
                listed = await line.ask("AT+CMGL=4")
            for answer in self._whole(listed):
                # A message that the notifier did not store stays on the SIM card.
                number, text, own, places = answer
                if await self._bring(number, text, own):
                    async with self._talk:
                        for place in places:
                            await line.ask(f"AT+CMGD={place}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _greet(self, line: AtLine) -> None:
        for command in ("AT", "ATE0", "AT+CMEE=1"):
            await line.ask(command)
        await self._unlock(line)
        await line.ask("AT+CMGF=0")
        for command in ('AT+CPMS="SM","SM","SM"', "AT+CNMI=2,1,0,0,0"):
            try:
                await line.ask(command)
            except AtError:
                continue  # a modem that has no choice here stores what comes in anyway

    async def _unlock(self, line: AtLine) -> None:
        try:
            (state, *_) = [*await line.ask("AT+CPIN?"), ""]
        except AtError:
            raise SIM_LOCKED from None
        if "READY" in state:
            return
        if not state.endswith("SIM PIN"):
            raise SIM_LOCKED
        if not self._pin:
            raise PIN_MISSING
        try:
            await line.ask(f'AT+CPIN="{self._pin}"')
        except AtError:
            raise PIN_REFUSED from None

    def _whole(self, listed: list[str]) -> list[tuple[str, str, str, list[str]]]:
        """Number, text, own id and places of each message that is there in full, or has waited long enough."""
        now, messages = time.monotonic(), dict[str, tuple[Incoming, PartReceived]]()
        for head, pdu in pairwise(listed):
            if not (stored := STORED.match(head)):
                continue
            try:
                part = delivered(pdu)
            except ValueError:
                part = PartReceived("", "")  # nothing to read: it only fills the card
            # A message of one part is itself; parts of several share sender and reference.
            name = f"{part.sender} {part.reference} {part.parts}" if part.parts > 1 else f"{pdu} {stored[1]}"
            incoming, _ = messages.setdefault(name, (Incoming(self._first_seen.setdefault(name, now)), part))
            incoming.texts[part.part] = part.text
            incoming.places[stored[1]] = pdu
        self._first_seen = {name: seen for name, seen in self._first_seen.items() if name in messages}
        return [
            (
                part.sender,
                "".join(incoming.texts[place] for place in sorted(incoming.texts)),
                hashlib.sha256(" ".join(sorted(incoming.places.values())).encode()).hexdigest()[:40],
                [*incoming.places],
            )
            for incoming, part in messages.values()
            if len(incoming.texts) == part.parts or now - incoming.first_seen > INCOMPLETE_SECONDS
        ]


def _said(error: AtError) -> ModemTrouble:
    return ModemTrouble(f"调制解调器答复出错（{error}）。", f"The modem answered with an error ({error}).")


async def _is_registered(line: AtLine) -> bool:
    """In the network of its own or roaming, for any of the generations."""
    for command in ("AT+CREG?", "AT+CEREG?", "AT+CGREG?"):
        try:
            if any(REGISTERED.match(said) for said in await line.ask(command)):
                return True
        except AtError:
            continue
    return False
