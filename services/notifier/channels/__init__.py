"""How a message leaves the house: one file a kind of channel, found by its name, so that adding one touches
nothing else.

A file `channels/<kind>.py` offers two names: `Config`, a ChannelConfig with the settings of that kind, and
`make(name, config, secrets) -> Channel`. A package from outside offers the same by an entry point of the group
`fenghuo.channels`; it can add a kind and never take the place of one. A channel tries once, says what became of
it, and leaves trying again to its caller.
"""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Protocol, cast, runtime_checkable

from pydantic import Field, JsonValue

from services.notifier.channels._mailbox import MailboxAway, MailboxConfig, ReplyMailbox, UnreadMail
from services.notifier.retry import RetryPolicy
from shared.browsers import Browsers, PushOffer
from shared.facts import Closed, Purpose
from shared.ids import CaseId, NoticeId
from shared.plain_text import line_of
from shared.tokens import Claims
from shared.vocabulary import Language, Level

__all__ = ["MailboxAway", "MailboxConfig", "ReplyMailbox", "UnreadMail"]

PACKS = "fenghuo.channels"
"""The group of entry points by which a package adds kinds."""
SeenSkew = Callable[[str, timedelta], None]
Reference = str
"""The other side's own id for what it took."""


class Taken(Reference):
    """The reference, with what the gateway itself said: as much of its answer as its description names, since
    the rest may repeat the message and its link. Empty where it gave none.
    """

    reply: str

    def __new__(cls, reference: Reference, reply: str) -> "Taken":
        taken = super().__new__(cls, reference)
        taken.reply = gateway_words(reply, REPLY_LENGTH)
        return taken


class Form(StrEnum):
    """How much a channel can carry."""

    SHORT = "short"
    """One paragraph that ends with the link: SMS, chat."""
    SPOKEN = "spoken"
    """The same to be read aloud: no link in the text."""
    LONG = "long"
    """Subject, text and HTML."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said, ready to be sent."""

    subject: str
    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """What a card offers to press."""

    label: str
    digit: int | None
    """What a press answers; None: it opens the link."""


@dataclass(frozen=True, slots=True)
class Message:
    """One letter to one address."""

    id: str
    """The same after any repeat, so that a gateway can drop the second."""
    at: datetime
    channel: str
    to: str
    letter: Letter
    link: str | None
    """Where the reader acknowledges; None where there is nothing to acknowledge."""
    case: CaseId
    notice: NoticeId
    purpose: Purpose
    language: Language
    level: Level | None
    exercise: bool
    back: str | None = None
    """Where the gateway brings back a digit that answers it; None where no digit does."""
    buttons: tuple[Button, ...] = ()
    """What a card offers, where the channel sends cards: its text then names no digits."""
    until: datetime | None = None
    """When what it asks can't be answered any more."""
    also: tuple[str, ...] = ()
    """The ids of all messages that it says together, where it is more than one."""


REASON_LENGTH, REFERENCE_LENGTH, REPLY_LENGTH = 400, 200, 200


def gateway_words(text: str, limit: int = REASON_LENGTH) -> str:
    """What the other side said as it may enter the record: one line of letters that can be seen, no longer
    than `limit`.
    """
    words = line_of(text[: limit * 4])
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


class Trouble(StrEnum):
    """Whose trouble it is that a message was not handed over. Only ADDRESS says something of the person."""

    ADDRESS = "address"
    """The number or address itself is refused: no attempt will reach it."""
    GATEWAY = "gateway"
    """The other side is away, busy or throttles: it passes, and trying again helps."""
    OURS = "ours"
    """The log-in, the template or the channel file is refused: somebody of ours has to mend it."""


class TransportError(Exception):
    """It was not handed over. `reason` says what happened and what to do, `trouble` whose trouble it is,
    `after` when the other side wants to be asked again.
    """

    def __init__(self, reason: str, trouble: Trouble, *, after: timedelta | None = None) -> None:
        self.reason, self.trouble, self.after = gateway_words(reason), trouble, after
        super().__init__(self.reason)

    @property
    def retry(self) -> bool:
        """Whether trying again soon can help."""
        return self.trouble is Trouble.GATEWAY


class Channel(Protocol):
    async def deliver(self, message: Message) -> Reference | None:
        """Hand the message over, once; a `Taken` also says what the gateway answered. Raises
        TransportError.
        """
        ...

    async def close(self) -> None: ...


class Clocked(Protocol):
    skew: SeenSkew | None
    """Told how far the gateway's clock is ahead of ours with each answer that has a `Date`."""


@runtime_checkable
class RingsBrowsers(Protocol):
    """A channel whose addresses are the browsers that people have put down themselves."""

    browsers: Browsers | None
    holds: Callable[[Claims], bool]
    """Whether the log-in in which a browser was put down still counts."""

    @property
    def offer(self) -> PushOffer:
        """What a browser needs to be put down for it."""
        ...


@runtime_checkable
class TellsTime(Protocol):
    """A channel whose gateway tells the time when it answers."""

    @property
    def line(self) -> Clocked: ...


class ChannelConfig(Closed):
    """What every entry of the channel file may say besides its `kind`; each kind adds its own."""

    form: Form = Form.SHORT
    retry: RetryPolicy = RetryPolicy()
    at_once: Annotated[int, Field(ge=1, le=1000)] = 64
    """Hand-overs running at the same time."""
    per_second: Annotated[int, Field(ge=1, le=1000)] | None = None
    per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """What its gateway takes; None: as much as comes. What is grave goes first."""
    timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=5)
    instead: str | None = None
    """Another entry of the file, whose gateway carries these messages where this one takes nothing."""

    @property
    def is_beside(self) -> bool:
        """Whether it is only ever a way beside others: nothing relies on it, and nobody names it."""
        return False

    @property
    def takes_replies(self) -> bool:
        """Whether its gateway, or a mailbox, brings back what people answer."""
        return False

    @property
    def has_buttons(self) -> bool:
        """Whether its messages are cards, on which people press what else they would reply."""
        return False

    def inbound(self, secrets: Path) -> "Inbound | None":  # noqa: ARG002 - a kind that is called back reads its secret
        """What its gateway calls back with; None where nothing is taken from it."""
        return None

    def mailbox(self, secrets: Path) -> ReplyMailbox | None:  # noqa: ARG002 - a kind with a mailbox reads its password
        """Where answers to its messages lie; None where it has none."""
        return None


CALL_BACKS = "/api/v1/call-backs"


def call_back_address(base: str, channel: str) -> str:
    """Where the gateway of a channel calls back; `base`: how the notifier is reached from outside."""
    return f"{base}{CALL_BACKS}/{channel}"


@dataclass(frozen=True, slots=True)
class CallBack:
    """A request of a gateway to us, as it came."""

    url: str
    """The address as the gateway was given it."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes


class CallBackFault(StrEnum):
    """Why a gateway's call-back was not taken."""

    CLOCK = "clock"
    """The signature is the gateway's own, its time is not ours."""
    SIGNATURE = "signature"
    """Or the secret: it proves nothing."""


class CallBackRefused(Exception):
    """Nobody has proven that it is the gateway's."""

    def __init__(self, fault: CallBackFault, why: str, ahead: timedelta | None = None) -> None:
        self.fault, self.why, self.ahead = fault, why, ahead
        super().__init__(why)


CallBackItem = Mapping[str, JsonValue]
"""One thing that a call-back says."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answered to a message: a text, or a key pressed in a call."""

    id: str
    """The same on every repeat."""
    number: str
    """Whose, with the country's code where it is known: digits behind a plus."""
    words: str
    about: str | None = None
    """Our id, or the gateway's reference, of the message; None where the number is all there is."""
    only_about: bool = False
    """It answers that message or none: its number proves nothing."""
    only_its_person: bool = False
    """It answers only for whoever has that address: a card can be seen by others."""


TakesBrought = Callable[[Reply | CallBackItem], Awaitable[bool]]
"""Takes what a gateway brings; whether it is stored."""


@runtime_checkable
class Listens(Protocol):
    """A channel whose gateway brings receipts and answers by the channel's own connection."""

    async def listen(self, take: TakesBrought) -> None:
        """The service's task for as long as it runs."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing can be heard; empty where it can."""
        ...


@dataclass(frozen=True, slots=True)
class SaidBack:
    """What the gateway is answered."""

    body: str
    type: str


class Inbound(Protocol):
    """The call-backs of one channel: proven first, then read."""

    @property
    def takes_replies(self) -> bool:
        """Whether people can be told to reply over it."""
        ...

    @property
    def says_back(self) -> bool:
        """Whether the person hears by `said_back` what became of the reply."""
        ...

    def greeting(self, call: CallBack, now: datetime) -> SaidBack | None:
        """What the gateway is answered that tries the address out; None where it does not. Raises as `items`
        does.
        """
        ...

    def items(self, call: CallBack, now: datetime) -> list[CallBackItem]:
        """Raises CallBackRefused for what proves nothing, ValueError for what can't be read."""
        ...

    def reply_in(self, item: CallBackItem) -> Reply | None:
        """What somebody answered, if that is what it says."""
        ...

    def receipt_in(self, item: CallBackItem) -> CallBackItem | None:
        """What became of a message, if that is what it says: `id` or `reference`, `outcome`, `error`."""
        ...

    def said_back(self, words: str, language: Language) -> SaidBack | None:
        """None: that it was taken is all there is to say."""
        ...


class ChannelModule(Protocol):
    Config: type[ChannelConfig]

    @staticmethod
    def make(name: str, config: ChannelConfig, secrets: Path) -> Channel: ...


class PackFault(Exception):
    """A package from outside does not offer what a kind of channel has to."""


def own_kinds() -> tuple[str, ...]:
    """Every kind of channel there is a file for."""
    return tuple(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def kinds() -> tuple[str, ...]:
    """Those, and what installed packages add."""
    own = own_kinds()
    return (*own, *sorted({pack.name for pack in entry_points(group=PACKS)} - set(own)))


def kind(name: str) -> ChannelModule:
    """The module of one kind; only those in use are imported. Raises PackFault."""
    if name in own_kinds():
        return cast(ChannelModule, import_module(f"{__name__}.{name}"))
    try:
        (pack,) = entry_points(group=PACKS, name=name)
        module = pack.load()
    except Exception as error:  # whatever a package of somebody else does when it is imported
        raise PackFault(
            f"the package of kind {name} can't be used ({type(error).__name__}: {error})"
        ) from error
    config, make = getattr(module, "Config", None), getattr(module, "make", None)
    if not (isinstance(config, type) and issubclass(config, ChannelConfig) and callable(make)):
        raise PackFault(f"the package of kind {name} offers no Config and make (CONTRIBUTING.md)")
    return cast(ChannelModule, module)
