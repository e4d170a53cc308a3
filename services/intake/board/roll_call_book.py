"""What the last roll calls came to as a workbook: one row a person, one a unit. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.intake.board.roll_calls import RollCalls
from shared.case.roll_call import Reach
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.web.names import Names
from shared.xlsx import XlsxFile

OF_PEOPLE = (N_("Unit"), N_("Person"), N_("Result"), N_("By channel"), N_("Answered at"))
OF_UNITS = (N_("Unit"), N_("Began"), N_("Asked"), N_("Answered"), N_("Not reached"))


def roll_call_book(calls: RollCalls, words: Words, names: Names, zone: ZoneInfo) -> bytes:
    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone).replace(tzinfo=None) if at is not None else None

    book = XlsxFile()
    sheet = book.sheet(words.of(N_("People")), [30, 16, 16, 50, 19], list(map(words.of, OF_PEOPLE)))
    sheet.add(
        [
            words.name(names.unit(row.unit)),
            words.name(names.person(one.person)),
            words.label("reach", one.reach),
            words.listed(
                f"{words.label('channel', channel)} {words.label('way', state)}"
                for channel, state in one.ways.items()
            ),
            local(one.answered_at),
        ]
        for row in calls.rows
        for one in row.called
    )
    sheet.add(
        [
            words.name(names.unit(person.unit)),
            words.name(person.name),
            words.of(N_("has no channel")),
            None,
            None,
        ]
        for person in calls.without_channel
    )
    sheet.close()
    sheet = book.sheet(words.of(N_("Units")), [30, 19, 10, 10, 60], list(map(words.of, OF_UNITS)))
    sheet.add(
        [
            words.name(names.unit(row.unit)),
            local(row.last.began_at) if row.last is not None else None,
            len(row.called),
            row.count(Reach.ANSWERED),
            words.listed(words.name(names.person(one.person)) for one in row.missing) or None,
        ]
        for row in calls.rows
    )
    sheet.close()
    return book.close()
