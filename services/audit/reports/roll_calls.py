"""What the roll calls came to: by month and unit, by person, by channel. Pure.

Invariant: a roll call is a test. It counts here and in no other report, so that no share, rank or workload of anybody
is made of it; whoever did not answer is somebody to look up, and nobody who failed.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from services.audit.reports.figures import SEPARATOR, Figures
from services.audit.reports.matters import ReportedCase
from services.audit.reports.reading import ReportedFact
from services.audit.reports.views import Answer, Traced
from services.audit.reports.window import Window
from shared.documents.blocks import Block, Cell, TableBlock, row
from shared.documents.words import DocumentWords
from shared.facts import EffectKind, MessageState, Purpose, Reason
from shared.facts.body import EffectBody, deliveries_in
from shared.language.catalogue import N_
from shared.vocabulary import Kind

_UNIT, _PERSON, _CHANNEL = "roll_call_unit", "roll_call_person", "roll_call_channel"
OF_PEOPLE = ("asked", "answered", "unanswered")
OF_CHANNELS = ("sent", "handed_over", "arrived", "not_delivered")
MOST_ROWS = 500
NO_OUTCOME = frozenset({MessageState.SPARED, MessageState.KEPT, MessageState.BESIDE, MessageState.OPENED})
"""What says nothing of whether the channel works."""


class RollCallLine(Traced):
    asked: int
    answered: int
    unanswered: int


class RollCallUnit(RollCallLine):
    month: str
    """`2026-12`."""
    unit: str


class RollCallPerson(RollCallLine):
    person: str


class RollCallChannel(Traced):
    channel: str
    sent: int
    handed_over: int
    arrived: int
    not_delivered: int


class RollCallReport(Answer):
    units: tuple[RollCallUnit, ...]
    people: tuple[RollCallPerson, ...]
    """Those who did not answer most often first."""
    channels: tuple[RollCallChannel, ...]


def count_roll_call(
    figures: Figures, matter: ReportedCase, fact: ReportedFact, window: Window, zone: tzinfo
) -> None:
    """A fact of the window, of a case that calls the roll."""
    if not window.asks_for(matter.unit):
        return
    if fact.kind == Kind.DECIDED:
        month = f"{fact.at.astimezone(zone):%Y-%m}"
        for effect in fact.data.effects:
            if effect.person and (column := _column(effect)) is not None:
                figures.add(_UNIT, f"{month}{SEPARATOR}{matter.unit}", column, fact.index)
                figures.add(_PERSON, effect.person, column, fact.index)
        for notice in fact.data.parts("notices"):
            if notice.text("purpose") == Purpose.ROLL_CALL and (name := notice.text("id")) is not None:
                matter.call_the_roll(name)
                for channel in notice.texts("channels"):
                    figures.add(_CHANNEL, channel, "sent", fact.index)
    elif fact.kind in (Kind.DELIVERED, Kind.FAILED):
        for line in deliveries_in(fact.data):
            if line.notice in matter.roll_called and (state := _state(fact.kind, line.state)) is not None:
                figures.add(_CHANNEL, line.channel, state, fact.index)


def _column(effect: EffectBody) -> str | None:
    if effect.kind == EffectKind.OPENED:
        return "asked"
    if effect.kind == EffectKind.DISCHARGED:
        return "answered"
    is_over = effect.kind == EffectKind.CANCELLED and effect.why == Reason.NO_ANSWER_TO_THE_ROLL_CALL
    return "unanswered" if is_over else None


def _state(kind: str, state: str | None) -> str | None:
    if state in NO_OUTCOME:
        return None
    if kind == Kind.FAILED:
        return "not_delivered"
    return "arrived" if state == MessageState.ARRIVED else "handed_over"


def roll_call_lines(
    figures: Figures, traced: Callable[[str, str, tuple[str, ...]], dict[str, Any]]
) -> dict[str, Any]:
    def counted(table: str, name: str, columns: tuple[str, ...]) -> dict[str, Any]:
        return {
            **traced(table, name, columns),
            **{column: figures.count(table, name, column) for column in columns},
        }

    units: list[RollCallUnit] = []
    for name in figures.rows(_UNIT):
        month, _, unit = name.partition(SEPARATOR)
        units.append(RollCallUnit(month=month, unit=unit, **counted(_UNIT, name, OF_PEOPLE)))
    people = [
        RollCallPerson(person=name, **counted(_PERSON, name, OF_PEOPLE)) for name in figures.rows(_PERSON)
    ]
    channels = [
        RollCallChannel(channel=name, **counted(_CHANNEL, name, OF_CHANNELS))
        for name in figures.rows(_CHANNEL)
    ]
    units.sort(key=lambda line: line.unit)
    units.sort(key=lambda line: line.month, reverse=True)
    people.sort(key=lambda line: (-line.unanswered, line.person))
    channels.sort(key=lambda line: line.channel)
    return {"units": tuple(units), "people": tuple(people), "channels": tuple(channels)}


def roll_call_blocks(words: DocumentWords, report: RollCallReport) -> list[Block]:
    asked = (N_("Asked"), N_("Answered"), N_("No answer"))
    states = (N_("Sent"), N_("handed to the gateway"), N_("delivered"), N_("not delivered"))

    def cells(line: Traced, columns: tuple[str, ...]) -> tuple[Cell, ...]:
        return tuple([_count(line, column) for column in columns])

    return [
        TableBlock(
            tuple(map(words.of, (N_("Month"), N_("Unit"), *asked))),
            tuple(
                [
                    row(line.month, words.unit(line.unit), *cells(line, OF_PEOPLE))
                    for line in report.units[:MOST_ROWS]
                ]
            ),
            texts=2,
        ),
        TableBlock(
            tuple(map(words.of, (N_("Person"), *asked))),
            tuple(
                [
                    row(words.person(line.person), *cells(line, OF_PEOPLE))
                    for line in report.people[:MOST_ROWS]
                ]
            ),
            texts=1,
        ),
        TableBlock(
            tuple(map(words.of, (N_("Channel"), *states))),
            tuple(
                [
                    row(words.label("channel", line.channel), *cells(line, OF_CHANNELS))
                    for line in report.channels
                ]
            ),
            texts=1,
        ),
    ]


def _count(line: Traced, column: str) -> Cell:
    value = getattr(line, column)
    return Cell(str(value), f"{line.figure}/{column}") if value else Cell("0")
