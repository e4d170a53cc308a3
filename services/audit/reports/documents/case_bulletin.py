"""The bulletin of cases 督办简报 of a month or quarter: what was ordered of whom, and what became of it. Pure.

Invariant: each number and each line names its records; only what is past its limit without an excuse is named so.
"""

from services.audit.reports.documents import definitions
from services.audit.reports.documents.overview import period_name
from services.audit.reports.documents.period import Period
from services.audit.reports.documents.supervision_blocks import (
    tasks_under_supervision,
    units_under_supervision,
)
from services.audit.reports.supervised import SUPERVISED, Supervised
from shared.documents.blocks import Block, Cell, Heading, WrittenDocument
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_


def case_bulletin(words: DocumentWords, period: Period, city: str, supervised: Supervised) -> WrittenDocument:
    name, checkpoint = period_name(words, period), supervised.checkpoint
    sections: list[tuple[str, list[Block]]] = [
        (N_("Overview"), _overview(words, name, supervised)),
        (N_("Unit by unit"), [units_under_supervision(words, supervised)]),
        (N_("Tasks past their limit"), _overdue(words, supervised)),
        (
            N_("All that was under supervision"),
            tasks_under_supervision(words, supervised.tasks, supervised.count),
        ),
        (
            N_("Definitions"),
            [words.say(text, style="small") for text in (*definitions.SUPERVISION, *definitions.ALWAYS)],
        ),
    ]
    blocks: list[Block] = []
    for number, (title, content) in enumerate(sections, 1):
        blocks += [Heading(words.number(number, words.of(title))), *content]
    return WrittenDocument(
        title=words.of(
            N_("Bulletin of cases under supervision in %(city)s, %(period)s"), city=city, period=name
        ),
        subtitle=words.of(N_("As the record stood at %(at)s"), at=words.at(checkpoint.time)),
        language=words.language.value,
        blocks=tuple(blocks),
        foot=words.of(
            N_("Counted from the trail up to the checkpoint of %(size)s records, root %(root)s."),
            size=checkpoint.size,
            root=checkpoint.root,
        ),
    )


def _overview(words: DocumentWords, period: str, supervised: Supervised) -> list[Block]:
    if not supervised.tasks:
        return [words.say(N_("In %(period)s nothing was under supervision."), period=period)]
    early = supervised.until is not None and supervised.checkpoint.time <= supervised.until
    return [
        words.say(
            N_(
                "In %(period)s %(cases)s orders with %(tasks)s tasks were under supervision. %(ordered)s tasks were ordered, "
                "%(taken_on)s taken on, %(fed_back)s fed back, %(returned)s sent back to be done again and %(closed)s closed "
                "after verification; %(overdue)s are past their limit."
            ),
            period=period,
            cases=supervised.cases,
            tasks=supervised.count,
            overdue=_sum(supervised, "overdue"),
            ordered=_sum(supervised, "ordered"),
            taken_on=_sum(supervised, "taken_on"),
            fed_back=_sum(supervised, "fed_back"),
            returned=_sum(supervised, "returned"),
            closed=_sum(supervised, "closed"),
        ),
        *(
            [
                words.say(
                    N_("The period is not over at this checkpoint: the figures are of its part so far."),
                    style="small",
                )
            ]
            if early
            else []
        ),
    ]


def _sum(supervised: Supervised, column: str) -> Cell:
    """Of all units; its records are those of each unit's figure, below."""
    lines = [line for line in supervised.units if getattr(line, column)]
    figure = f"{SUPERVISED}/{lines[0].unit}/{column}" if len(lines) == 1 else None
    return Cell(str(sum(getattr(line, column) for line in lines)), figure)


def _overdue(words: DocumentWords, supervised: Supervised) -> list[Block]:
    overdue = [task for task in supervised.tasks if task.overdue]
    if not overdue:
        return [words.say(N_("Nothing is past its limit."))]
    return tasks_under_supervision(words, overdue, sum(line.overdue for line in supervised.units))
