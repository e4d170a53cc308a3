"""Text messages over SMPP 3.4, straight to an operator's or aggregator's SMSC: one connection for what goes
out, for receipts and for what people answer.

Invariant: handed over is what the SMSC has confirmed, each part of it. A part that it confirmed is not sent
again while this process lives; one whose answer was lost may come twice. A receipt is that of a message's
last part.
"""

import asyncio
import re
import ssl
import zlib
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import uuid4

from pydantic import AfterValidator, Field, FilePath, model_validator

from services.notifier.channels import (
    REFERENCE_LENGTH,
    CallBackItem,
    Channel,
    ChannelConfig,
    Message,
    Reference,
    Reply,
    Taken,
    TakesBrought,
    TransportError,
    Trouble,
    gateway_words,
)
from services.notifier.channels._call_backs import with_country
from services.notifier.channels._smpp_line import SmppLine, SmscLost, connected
from services.notifier.channels._smpp_pdus import (
    Address,
    BroughtMessage,
    Command,
    Pdu,
    Status,
    bind,
    brought_by,
    message_id,
    parts_of,
    submission,
)
from services.notifier.posting import check_authority
from shared.message import N_
from shared.secrets import read_secret

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]
NUMBER = re.compile(r"\+?[0-9]{3,20}")
FOR_THE_NUMBER = {0x0B: "ESME_RINVDSTADR", 0x50: "ESME_RINVDSTTON", 0x51: "ESME_RINVDSTNPI"}
FOR_OURS = {
    0x05: "ESME_RALYBND",
    0x0A: "ESME_RINVSRCADR",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x43: "ESME_RINVESMCLASS",
    0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI",
    0x53: "ESME_RINVSYSTYP",
    0x62: "ESME_RINVEXPIRY",
    0x66: "ESME_RX_R_APPN",
}
PASSING = {0x08: "ESME_RSYSERR", 0x14: "ESME_RMSGQFUL", 0x45: "ESME_RSUBMITFAIL", 0x58: "ESME_RTHROTTLED"}
STATES = {2: True, 3: False, 4: False, 5: False, 8: False}
"""Of a receipt: whether it arrived. Any other says nothing of the end."""
WORDS = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "REJECTD": 8}
RECEIPT = re.compile(r"\b(id|stat|err):(\S{1,65})", re.IGNORECASE)
REMEMBERED = 1000
"""Messages of which some parts were taken."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a lost connection is tried again."""


class Config(ChannelConfig):
    kind: Literal["smpp"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 2775
    tls: bool = True
    """False only over a line that nobody else reads: the password and the messages go in the clear."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the SMSC's certificate is from. None: those the system trusts."""
    user: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,15}$")]
    """The system_id."""
    password_file: FileName
    """The name of a file in the secrets folder; 8 signs at most."""
    system_type: Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,12}$")] = ""
    sender: Annotated[str, Field(pattern=r"^(\+?[0-9]{1,20}|[A-Za-z0-9 ._-]{1,11})$", alias="from")]
    """Our number, a short one, or a word."""
    long: Literal["parts", "payload"] = "parts"
    """Who cuts a long message: we (the telephone joins the parts), or the SMSC."""
    replies: bool = False
    """It brings back what people answer, so they are told that they may."""
    country: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")] = "86"
    """What stands before a number that comes without it."""
    quiet: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))] = timedelta(
        seconds=30
    )
    """After which it is asked whether it lives."""
    at_once: Annotated[int, Field(ge=1, le=100)] = 10

    @property
    def takes_replies(self) -> bool:
        return self.replies

    @model_validator(mode="after")
    def _spoken(self) -> Self:
        if self.form.value != "short":
            raise ValueError(N_("SMPP carries text messages: leave `form` out"))
        return self


class SmppChannel:
    def __init__(self, config: Config, password: str) -> None:
        self._config, self._password = config, password
        self._tls = ssl.create_default_context(cafile=config.authority) if config.tls else None
        self._seconds = config.timeout.total_seconds()
        self._line: SmppLine | None = None
        self._bound = asyncio.Event()
        self._away: TransportError | None = None
        self._taken: OrderedDict[tuple[str, str], list[str]] = OrderedDict()
        """By message and number: the SMSC's ids of the parts that it has confirmed."""

    @property
    def trouble(self) -> str:
        """Why nothing can be heard; empty where it can."""
        return self._away.reason if self._away is not None else ""

    async def deliver(self, message: Message) -> Reference | None:
        if NUMBER.fullmatch(message.to) is None:
            raise TransportError(
                f"{message.to!r} is no telephone number: mend it in the directory", Trouble.ADDRESS
            )
        if self._away is not None:
            raise TransportError(self._away.reason, self._away.trouble)
        try:
            async with asyncio.timeout(self._seconds * 2):
                await self._bound.wait()
                return await self._submit(message)
        except (SmscLost, OSError) as error:  # OSError: also every timeout
            raise self._no_word(error) from None

    async def _submit(self, message: Message) -> Reference:
        line = self._line
        if line is None:
            raise SmscLost("the connection ended a moment ago")
        parts = parts_of(
            message.letter.text,
            zlib.crc32(message.id.encode()) & 0xFF,
            as_payload=self._config.long == "payload",
        )
        place = (message.id, message.to)
        taken = self._taken.get(place, [])
        source, to = _address(self._config.sender), _address(message.to)
        for n, part in enumerate(parts[len(taken) :], start=len(taken) + 1):
            body = submission(source, to, part, _validity(message), receipt=n == len(parts))
            answered = await line.ask(Command.SUBMIT, body)
            if answered.status != Status.OK:
                raise refusal(answered.status)
            taken = [*taken, message_id(answered)]
            self._remember(place, taken)
        reference = gateway_words(taken[-1], REFERENCE_LENGTH)
        return Taken(reference, f"{len(parts)} SMS")

    def _remember(self, place: tuple[str, str], taken: list[str]) -> None:
        self._taken[place] = taken
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)

    async def listen(self, take: TakesBrought) -> None:
        """The service's task: keeps the connection, and takes what comes by it."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._follow(take)
            except TransportError as error:
                self._away = error
            except (SmscLost, OSError) as error:
                wait = FIRST_WAIT if self._bound.is_set() else wait
                self._away = self._no_word(error)
            finally:
                self._bound.clear()
                self._line = None
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _follow(self, take: TakesBrought) -> None:
        config, visit = self._config, uuid4().hex

        async def takes(unit: Pdu) -> bool:
            return await self._take(unit, visit, take)

        line = await connected(config.host, config.port, self._tls, takes, self._seconds)
        working = asyncio.create_task(line.work(config.quiet.total_seconds()), name="smpp")
        try:
            answered = await line.ask(Command.BIND, bind(config.user, self._password, config.system_type))
            if answered.status != Status.OK:
                raise refusal(answered.status)
            self._line, self._away = line, None
            self._bound.set()
            await asyncio.wait([working])  # cancelled, it leaves the line to say goodbye by
            working.result()
        except asyncio.CancelledError:
            await line.leave()
            raise
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _take(self, unit: Pdu, visit: str, take: TakesBrought) -> bool:
        try:
            brought = brought_by(unit.body)
        except ValueError:
            return True  # nobody can read it, now or later
        item = receipt_in(brought) if brought.is_receipt else None
        if item is not None:
            return await take(item)
        if brought.is_receipt or not self._config.replies or not brought.text.strip():
            return True
        # It has no id of its own: the same digit may answer two messages, so each arrival is another reply.
        number = with_country(brought.number, self._config.country)
        return await take(Reply(f"{visit}.{unit.sequence}", number, gateway_words(brought.text, 500)))

    def _no_word(self, error: Exception) -> TransportError:
        words = str(error) or "no answer in time"
        return TransportError(
            f"no word from the SMSC {self._config.host}:{self._config.port} ({words})", Trouble.GATEWAY
        )

    async def close(self) -> None:
        """`listen` ends the connection."""


def refusal(status: int) -> TransportError:
    known = FOR_THE_NUMBER | FOR_OURS | PASSING
    said = f"the SMSC answered {known.get(status, '')} 0x{status:08x}".replace("  ", " ")
    if status in FOR_THE_NUMBER:
        return TransportError(f"{said}: mend the number in the directory", Trouble.ADDRESS)
    if status in FOR_OURS:
        return TransportError(f"{said}: see user, password_file, from and system_type", Trouble.OURS)
    return TransportError(said, Trouble.GATEWAY)


def receipt_in(brought: BroughtMessage) -> CallBackItem | None:
    """What became of a message; None where it says nothing of the end."""
    fields = {name.lower(): value for name, value in RECEIPT.findall(brought.text)}
    stat = fields.get("stat", "").upper()
    state = brought.state if brought.state is not None else WORDS.get(stat[:7], 0)
    reference = gateway_words(brought.receipted or fields.get("id", ""), REFERENCE_LENGTH)
    if state not in STATES or not reference:
        return None
    outcome = "delivered" if STATES[state] else "failed"
    words = " ".join(word for word in (stat, fields.get("err", "")) if word)
    return {"reference": reference, "outcome": outcome, "error": words}


def _address(number: str) -> Address:
    if number.startswith("+"):
        return Address(number[1:], 1, 1)
    return Address(number, 0, 1) if number.isdigit() else Address(number, 5, 0)


def _validity(message: Message) -> datetime | None:
    """None where it would have passed when the SMSC reads it."""
    until = message.until
    return until if until is not None and until > datetime.now(UTC) + timedelta(minutes=1) else None


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:  # noqa: ARG001 - every kind is made alike
    assert isinstance(config, Config)
    password = read_secret(secrets, config.password_file).decode().strip()
    if not password.isascii() or len(password) > 8:
        raise ValueError(f"{config.password_file}: a password of SMPP has at most 8 plain signs")
    return SmppChannel(config, password)
