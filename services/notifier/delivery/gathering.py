"""After an outage of ours one message a person: what is late is gathered until no more comes and goes out as
one, in order of the limits. What roll calls that end together came to is gathered alike.

Invariant: each notice keeps an outcome of its own, that of the message it went out with. A gathered message
has an id made of all that it holds, so that a gateway which has seen one never drops another that holds more;
a message alone is as it always is. What comes again after a crash is told alone, under the id that the
gateway may have seen.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from services.notifier.channels import Message
from services.notifier.delivery.carried import Carried
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.outlasting import Patience
from services.notifier.delivery.routes import Route
from services.notifier.messages.together import LATE, GatheredHeads, together
from shared.facts import Notice
from shared.ids import PersonId

BEHIND = timedelta(seconds=3)
"""What should have been said longer ago than this is late through a fault of ours."""
QUIET = 2.0
"""Seconds without anything more for this person: then all is there."""
LONGEST = 8.0
"""Seconds after which a message goes out whatever may still come."""
WITHOUT_LIMIT = datetime.max.replace(tzinfo=UTC)

Line = tuple[str, PersonId, tuple[str, ...]]
"""Channel, person, addresses: what is for an older address of theirs is never said on the one of now."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    message: Message
    due_at: datetime | None
    patience: Patience
    carried: asyncio.Future[Carried]


@dataclass
class Gathering:
    heads: GatheredHeads = LATE
    """What is said before several messages."""
    _waiting: dict[Line, list[WaitingMessage]] = field(default_factory=dict[Line, list[WaitingMessage]])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def is_open(self, courier: Courier, route: Route, notice: Notice) -> bool:
        """Whether something late is being gathered for this person already."""
        return (courier.name, notice.person, route.addresses) in self._waiting

    async def carry(
        self, courier: Courier, message: Message, route: Route, notice: Notice, patience: Patience
    ) -> Carried:
        """As `Courier.carry`, together with whatever else is late for the same person at this moment."""
        line = courier.name, notice.person, route.addresses
        waiting = WaitingMessage(
            message, notice.brief.due_at, patience, asyncio.get_running_loop().create_future()
        )
        if line in self._waiting:
            self._waiting[line].append(waiting)
        else:
            self._waiting[line] = [waiting]
            task = asyncio.create_task(self._send(line, courier))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.carried

    async def _send(self, line: Line, courier: Courier) -> None:
        await self._all_there(line)
        gathered = sorted(
            self._waiting.pop(line), key=lambda waiting: (waiting.due_at or WITHOUT_LIMIT, waiting.message.id)
        )
        message = together([waiting.message for waiting in gathered], courier.form, self.heads)

        def all_away() -> None:
            for waiting in gathered:
                waiting.patience.on_away()

        patience = Patience(
            max(waiting.patience.until for waiting in gathered),
            max(waiting.patience.asked_at for waiting in gathered),
            on_away=all_away,
        )
        try:
            carried = await courier.carry(message, line[2], patience)
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
        ends = asyncio.get_running_loop().time() + LONGEST
        count = 0
        while len(self._waiting[line]) > count and (left := ends - asyncio.get_running_loop().time()) > 0:
            count = len(self._waiting[line])
            await asyncio.sleep(min(QUIET, left))
