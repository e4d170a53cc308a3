"""Reads, gathered into facts: one a minute for each reader, and one at once for each file taken away. Pure
but for the journal.

Invariant: a read is in the journal before its answer goes out, and leaves it when its fact is in FACTS. A
window of reads that was once sent is never added to: what a crash makes be sent again is the same fact under
the same id.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import structlog

from services.audit.custody.reads_journal import Journal
from shared.facts import Actor
from shared.facts.reads import How, Read, Reading

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LISTED = 100
"""Questions listed in one fact; a busy reader's others are counted."""
CRITERION = 200
"""Characters of one parameter; a longer one is cut."""


@dataclass(frozen=True)
class ReadAnswer:
    """One answer, or (`broken_off`) the beginning of one."""

    by: Actor
    how: How
    route: str
    criteria: dict[str, str]
    records: int
    checkpoint: int
    at: datetime
    broken_off: bool = False


@dataclass
class ReadWindow:
    """Reads that become one fact. `shut` once it may have been sent."""

    id: str
    opened_at: datetime
    answers: dict[str, ReadAnswer] = field(default_factory=dict[str, ReadAnswer])
    """By answer: the end of one takes the place of its beginning."""
    shut: bool = False


class Reads:
    """What was read and is not on record yet."""

    def __init__(self, journal: Journal, new_id: Callable[[datetime], str], pace: timedelta) -> None:
        self._journal, self._new_id, self._pace = journal, new_id, pace
        self._open: dict[str, ReadWindow] = {}
        self._shut: dict[str, ReadWindow] = {}
        for line in journal.read():
            try:
                self._restore(line)
            except (ValueError, KeyError, TypeError) as error:
                log.critical(
                    "read_lost",
                    line=line[:200],
                    why=str(error)[:200],
                    next="the journal of reads was damaged here",
                )

    def begin(self, answer: ReadAnswer) -> tuple[str, str]:
        """Keep that an answer begins. Returns its place, for `end`. Raises OSError where it can't be kept:
        then nothing may be shown.
        """
        window = self._window(answer)
        place = window.id, self._new_id(answer.at)
        self._keep(place, answer, synced=answer.how is How.TAKEN)
        window.answers[place[1]] = answer
        return place

    def end(self, place: tuple[str, str], answer: ReadAnswer) -> None:
        """What was given in the end."""
        window = next((one for one in self._open.values() if one.id == place[0]), self._shut.get(place[0]))
        if window is None or (window.shut and answer.how is How.LOOKED):
            # Its window was sent while the answer went out: what came of it belongs to the next.
            again = self.begin(answer)
            if answer.how is How.TAKEN:
                self._shut[again[0]].shut = True
            return
        self._keep(place, answer, synced=answer.how is How.TAKEN)
        window.answers[place[1]] = answer
        if answer.how is How.TAKEN:
            window.shut = True

    def due(self, now: datetime, *, all_of_them: bool = False) -> list[ReadWindow]:
        """Those to be sent, closed now. Of each reader one after the other: what was not sent yet is before
        what came later.
        """
        for key, window in list(self._open.items()):
            waiting = any(other.shut and _key(other) == key for other in self._shut.values())
            if all_of_them or (not waiting and now - window.opened_at >= self._pace):
                window.shut = True
                self._shut[window.id] = self._open.pop(key)
        return [window for window in self._shut.values() if window.shut or all_of_them]

    def next_due(self) -> datetime | None:
        return min((window.opened_at + self._pace for window in self._open.values()), default=None)

    def sent(self, window: ReadWindow) -> None:
        """It is in FACTS."""
        self._shut.pop(window.id, None)
        left = [*self._shut.values(), *self._open.values()]
        self._journal.rewrite(
            _line((one.id, answer), seen) for one in left for answer, seen in one.answers.items()
        )

    def _window(self, answer: ReadAnswer) -> ReadWindow:
        if answer.how is How.TAKEN:
            window = ReadWindow(self._new_id(answer.at), answer.at)
            self._shut[window.id] = window
            return window
        key = f"{answer.by.principal}\n{answer.by.role}"
        if key not in self._open:
            self._open[key] = ReadWindow(self._new_id(answer.at), answer.at)
        return self._open[key]

    def _keep(self, place: tuple[str, str], answer: ReadAnswer, *, synced: bool) -> None:
        self._journal.append(_line(place, answer), synced=synced)

    def _restore(self, line: bytes) -> None:
        (window_id, answer), seen = _read_line(line)
        window = self._shut.setdefault(window_id, ReadWindow(window_id, seen.at, shut=True))
        window.answers[answer] = seen


def fact_of(window: ReadWindow) -> Read:
    """The data of its fact. The same window makes the same fact."""
    answers = list(window.answers.values())
    first = answers[0]
    questions: dict[tuple[str, str], list[ReadAnswer]] = {}
    for answer in answers:
        questions.setdefault(
            (answer.route, orjson.dumps(answer.criteria, option=orjson.OPT_SORT_KEYS).decode()), []
        ).append(answer)
    readings = [_reading(asked) for asked in questions.values()]
    routes: dict[str, list[Reading]] = {}
    for reading in readings:
        routes.setdefault(reading.route, []).append(reading)
    records = sum(reading.records for reading in readings)
    return Read(
        by=first.by,
        how=first.how,
        summary="; ".join(_in_a_line(route, held) for route, held in routes.items()),
        readings=tuple(readings[:LISTED]),
        more=max(0, len(readings) - LISTED),
        records=records,
        checkpoint=max(one.checkpoint for one in answers),
        first_at=min(one.at for one in answers),
        last_at=max(one.at for one in answers),
        broken_off=any(one.broken_off for one in answers),
    )


def _in_a_line(route: str, readings: list[Reading]) -> str:
    return f"{route} ×{sum(one.times for one in readings)}, {sum(one.records for one in readings)} records"


def bounded(criteria: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters as they enter a fact. Of several under one name all, one after the other."""
    parameters: dict[str, str] = {}
    for given, value in criteria:
        name = given[:CRITERION]
        whole = f"{parameters[name]}, {value}" if name in parameters else value
        parameters[name] = whole if len(whole) <= CRITERION else whole[: CRITERION - 1] + "…"
    return parameters


def _reading(answers: list[ReadAnswer]) -> Reading:
    return Reading(
        route=answers[0].route,
        criteria=answers[0].criteria,
        times=len(answers),
        records=sum(one.records for one in answers),
        first_at=min(one.at for one in answers),
        last_at=max(one.at for one in answers),
    )


def _key(window: ReadWindow) -> str:
    by = next(iter(window.answers.values())).by
    return f"{by.principal}\n{by.role}"


def _line(place: tuple[str, str], answer: ReadAnswer) -> bytes:
    line = {
        "place": place,
        "by": answer.by.model_dump(mode="json"),
        "how": answer.how,
        "route": answer.route,
        "criteria": answer.criteria,
        "records": answer.records,
        "checkpoint": answer.checkpoint,
        "at": answer.at.isoformat(),
        "broken_off": answer.broken_off,
    }
    return orjson.dumps(line)


def _read_line(raw: bytes) -> tuple[tuple[str, str], ReadAnswer]:
    line = orjson.loads(raw)
    answer = ReadAnswer(
        Actor.model_validate(line["by"]),
        How(line["how"]),
        line["route"],
        line["criteria"],
        line["records"],
        line["checkpoint"],
        datetime.fromisoformat(line["at"]),
        line["broken_off"],
    )
    return (line["place"][0], line["place"][1]), answer
