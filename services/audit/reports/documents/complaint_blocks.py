"""Where people complain, as blocks: a map of the days, areas and topics, and what is known of the households. Pure.

Invariant: what nobody has said is said to be unknown; a day or an area without a complaint stays empty.
"""

from collections.abc import Iterator

from services.audit.reports.complaints import ComplaintCell, ComplaintCount, Complaints
from services.audit.reports.documents.report_blocks import MOST_ROWS, count, heat_of
from shared.documents.blocks import Block, Cell, TableBlock, row
from shared.documents.words import NOTHING, DocumentWords
from shared.language.catalogue import N_

MOST_DAYS = 14
"""Of a page; a file has all."""
NO_COMPLAINT = N_("No complaint came in here: ask for a longer time, or leave something out.")
KNOWN = N_(
    "%(with_form)s of %(complaints)s complaints came with a form that says how many households: %(households)s together, "
    "as those who called say. Of the other %(others)s nobody has said how many: they count as complaints, not as households."
)
CUT = N_("More forms were filled in than can be kept: the earliest are not among the households.")


def complaint_blocks(words: DocumentWords, report: Complaints) -> list[Block]:
    if not report.whole.complaints:
        return [words.say(NO_COMPLAINT)]
    whole = report.whole
    known = words.say(
        KNOWN,
        complaints=count(whole, "complaints"),
        with_form=Cell(str(whole.with_form), records=whole.said_in),
        households=f"{whole.households:,}",
        others=whole.complaints - whole.with_form,
    )
    return [known, *([words.say(CUT)] if report.cut else []), *_tables(words, report, MOST_DAYS)]


def complaint_tables(words: DocumentWords, report: Complaints) -> list[TableBlock]:
    """As a file has it: every day."""
    return list(_tables(words, report, None))


def _tables(words: DocumentWords, report: Complaints, days: int | None) -> Iterator[TableBlock]:
    every = sorted({cell.day for cell in report.cells})
    shown = every if days is None else every[-days:]
    title = words.of(N_("Complaints by area and day"))
    if len(shown) < len(every):
        title = words.of(N_("%(title)s: the last %(days)s days of them"), title=title, days=len(shown))
    yield _map(words, report, shown, title, "complaints")
    if report.whole.with_form:
        yield _map(
            words, report, shown, words.of(N_("Households by area and day, as far as known")), "households"
        )
    yield _areas(words, report)
    yield TableBlock(
        (words.of(N_("Topic")), words.of(N_("complaints"))),
        tuple(
            row(words.label("topic", one.topic) if one.topic != "-" else NOTHING, count(one, "complaints"))
            for one in report.topics[:MOST_ROWS]
        ),
        words.of(N_("Complaints by topic")),
    )


def _map(words: DocumentWords, report: Complaints, days: list[str], title: str, what: str) -> TableBlock:
    cells = {(cell.area, cell.day): cell for cell in report.cells if cell.day in days}
    hottest = max((getattr(cell, what) for cell in cells.values()), default=0)

    def shown(cell: ComplaintCell | None) -> Cell:
        number = getattr(cell, what) if cell is not None else 0
        if cell is None or not number:
            return Cell("")
        return _counted(cell, what, heat_of(number, hottest))

    areas = [line.area for line in report.areas if any((line.area, day) in cells for day in days)]
    lines = [row(words.area(area), *(shown(cells.get((area, day))) for day in days)) for area in areas]
    return TableBlock((words.of(N_("Area")), *days), tuple(lines), title)


def _counted(line: ComplaintCount, what: str, heat: int = 0) -> Cell:
    number = getattr(line, what)
    if what == "complaints":
        return Cell(str(number), f"{line.figure}/complaints", heat=heat, number=number)
    return Cell(f"{number:,}", records=line.said_in, heat=heat, number=number)


def _areas(words: DocumentWords, report: Complaints) -> TableBlock:
    head = (N_("Area"), N_("complaints"), N_("with a form"), N_("households known"))
    lines = [
        row(
            words.area(line.area),
            _counted(line, "complaints"),
            Cell(str(line.with_form), records=line.said_in, number=line.with_form),
            Cell(f"{line.households:,}", number=line.households) if line.with_form else NOTHING,
        )
        for line in report.areas[:MOST_ROWS]
    ]
    return TableBlock(tuple(map(words.of, head)), tuple(lines), words.of(N_("Complaints by area")))
