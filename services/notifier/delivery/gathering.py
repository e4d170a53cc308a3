"""What comes to one person at the same moment goes out as one message: what is late after an outage of ours,
what clocks ask of several cases in the same minute, what roll calls that end together came to, what follows
one message within seconds.

Invariant: what may not wait (`may_wait`) waits for nothing; only where it is late already, and another
message has gone to the same person a moment ago, it goes with the next. Each notice keeps an outcome of its
own, that of the message it went out with. A gathered message has an id made of all that it holds, so that a
gateway which has seen one never drops another that holds more; a message alone is as it always is. What comes
again after a crash is told alone, under the id that the gateway may have seen.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from services.notifier.channels import Message
from services.notifier.delivery.carried import Carried
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.outlasting import Patience
from services.notifier.delivery.restraint import may_wait
from services.notifier.delivery.routes import Route
from services.notifier.messages.together import WhyTogether, together
from shared.facts import Notice
from shared.ids import PersonId

BEHIND = timedelta(seconds=3)
"""What should have been said longer ago than this is late through a fault of ours."""
MOMENT = timedelta(seconds=2)
"""So long without anything more for this person: then all is there."""
LONGEST = 4
"""Moments after which a message goes out whatever may still come; after a single one where something in it
may not wait.
"""
REMEMBERED = 1000
"""Lines on which something has just gone out; beyond, those of which it is longer ago are forgotten."""
WITHOUT_LIMIT = datetime.max.replace(tzinfo=UTC)

Line = tuple[str, PersonId, tuple[str, ...]]
"""Channel, person, addresses: what is for an older address of theirs is never said on the one of now."""


class Pace(Enum):
    """Whether a message waits for others to the same person."""

    ALONE = auto()
    """At once, and by itself."""
    FIRST_AT_ONCE = auto()
    """At once where nothing has gone out to the person a moment ago; else with what follows."""
    GATHERED = auto()


def pace_of(notice: Notice, *, is_first: bool, is_behind: bool, is_of_a_clock: bool) -> Pace:
    """Pure. `is_first`: the decision was not handed out before; `is_behind`: it is late through a fault of
    ours; `is_of_a_clock`: the decision was made because a clock struck.
    """
    if not is_first:
        return Pace.ALONE
    if notice.brief.roll_call is not None:
        return Pace.GATHERED  # those of all units end at the same moment
    if not may_wait(notice):
        return Pace.FIRST_AT_ONCE if is_behind else Pace.ALONE
    return Pace.GATHERED if is_behind or is_of_a_clock else Pace.FIRST_AT_ONCE


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    message: Message
    due_at: datetime | None
    is_urgent: bool
    heading: WhyTogether
    patience: Patience | None
    """None: it waits for no gateway. On a line either all of them do or none does."""
    carried: asyncio.Future[Carried]


@dataclass
class Gathering:
    moment: timedelta = MOMENT
    """Zero: only what is late is gathered."""
    _waiting: dict[Line, list[WaitingMessage]] = field(default_factory=dict[Line, list[WaitingMessage]])
    _went_out: dict[Line, float] = field(default_factory=dict[Line, float])
    """When something went out by itself, by the loop's clock; the latest last."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def carry(
        self,
        courier: Courier,
        message: Message,
        route: Route,
        notice: Notice,
        patience: Patience | None,
        pace: Pace,
        heading: WhyTogether,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Carried:
        """As `Courier.carry`, together with whatever else there is for the same person at this moment."""
        line = courier.name, notice.person, route.addresses
        if not self._waits(line, pace):
            self._note(line)
            return await courier.carry(message, route.addresses, patience)
        on_wait()
        waiting = WaitingMessage(
            message,
            notice.brief.due_at,
            not may_wait(notice),
            heading,
            patience,
            asyncio.get_running_loop().create_future(),
        )
        if line in self._waiting:
            self._waiting[line].append(waiting)
        else:
            self._waiting[line] = [waiting]
            task = asyncio.create_task(self._send(line, courier))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.carried

    def _waits(self, line: Line, pace: Pace) -> bool:
        if pace is Pace.ALONE:
            return False
        if pace is Pace.GATHERED or line in self._waiting:
            return True
        went_out = self._went_out.get(line)
        now = asyncio.get_running_loop().time()
        return went_out is not None and now - went_out < self._moment.total_seconds()

    def _note(self, line: Line) -> None:
        self._went_out.pop(line, None)
        self._went_out[line] = asyncio.get_running_loop().time()
        while len(self._went_out) > REMEMBERED:
            del self._went_out[next(iter(self._went_out))]

    @property
    def _moment(self) -> timedelta:
        return self.moment or MOMENT

    async def _send(self, line: Line, courier: Courier) -> None:
        """Whatever goes wrong, each that waits hears of it: its decision comes again, to be told alone."""
        await self._all_there(line)
        gathered = sorted(
            self._waiting.pop(line), key=lambda waiting: (waiting.due_at or WITHOUT_LIMIT, waiting.message.id)
        )
        self._note(line)
        try:
            message = together([waiting.message for waiting in gathered], courier.form, _heading_of(gathered))
            carried = await courier.carry(message, line[2], _patience_of(gathered))
        except BaseException as error:
            for waiting in gathered:
                if not waiting.carried.done():
                    waiting.carried.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        if message.also and carried.error is None:
            # By it a call-back finds every notice that went out with this message.
            carried = replace(carried, reference=carried.reference or message.id)
        for waiting in gathered:
            if not waiting.carried.done():
                waiting.carried.set_result(carried)

    async def _all_there(self, line: Line) -> None:
        """Sixteen lanes come out of an outage side by side, and each says what it has in its own time."""
        clock, moment = asyncio.get_running_loop().time, self._moment.total_seconds()
        began, count = clock(), 0
        while len(self._waiting[line]) > count:
            count = len(self._waiting[line])
            longest = 1 if any(waiting.is_urgent for waiting in self._waiting[line]) else LONGEST
            if (left := began + longest * moment - clock()) <= 0:
                return
            await asyncio.sleep(min(moment, left))


def _heading_of(gathered: Sequence[WaitingMessage]) -> WhyTogether:
    headings = {waiting.heading for waiting in gathered}
    return headings.pop() if len(headings) == 1 else WhyTogether.TOGETHER


def _patience_of(gathered: Sequence[WaitingMessage]) -> Patience | None:
    """It waits as long as the most patient of them, and is needed as long as any of them is."""
    patiences = [waiting.patience for waiting in gathered if waiting.patience is not None]
    if not patiences:
        return None

    async def is_needed() -> bool:
        for patience in patiences:
            if await patience.is_needed():
                return True
        return False

    def all_away() -> None:
        for patience in patiences:
            patience.on_away()

    return Patience(
        max(patience.until for patience in patiences),
        max(patience.asked_at for patience in patiences),
        is_needed,
        all_away,
    )
