"""The price bulletin: what is compared with what, what is not, and who is missing."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.audit.reading.views import CheckpointView
from services.audit.reports.documents.bulletin import BulletinWriter, PricedForm, quoted
from services.audit.reports.documents.period import PeriodError, Week
from services.audit.reports.form_views import FilledForms, FormRow, OwedLine
from shared.documents.notes import Notes
from shared.documents.text import text_of
from shared.documents.words import DocumentWords
from shared.forms import DeclaredForm, load_forms
from shared.vocabulary import Language
from shared.web.names import Names
from tests.escalator.builders import example_directory
from tests.forms.given import FILE

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = Week.read("2026-W48")
POINT, OTHER = "wangshan_info_centre", "shaquan_info_centre"


def reading_form() -> DeclaredForm:
    form = load_forms(FILE).get("reading")
    assert form is not None
    return form


def priced() -> PricedForm:
    found = PricedForm.of(reading_form())
    assert found is not None
    return found


def handed_in(index: int, point: str, day: str, *items: tuple[str, float, str]) -> FormRow:
    rows = [{"item": item, "price": price, "unit": unit} for item, price, unit in items]
    return FormRow(
        index=index,
        case="01J",
        at=datetime(2026, 11, 30, tzinfo=UTC),
        unit=point,
        kind=None,
        topic=None,
        area=None,
        values={"point": point, "day": day, "items": rows},
    )


def owed(unit: str, opened: int, in_time: int, lapsed: int, late: int = 0) -> OwedLine:
    return OwedLine(
        figure="x", rule="r", unit=unit, opened=opened, in_time=in_time, late=late, lapsed=lapsed, missing=0
    )  # fmt: skip


def bulletin(
    *rows: FormRow, owes: tuple[OwedLine, ...] = (), language: Language = Language.ZH, cut: bool = False
) -> str:
    checkpoint = CheckpointView(number=0, size=9, root="ab", time=datetime(2026, 11, 30, tzinfo=UTC), note="")
    words = DocumentWords(language, Names(example_directory), ZONE)
    writer = BulletinWriter(
        words,
        WEEK,
        priced(),
        FilledForms(
            checkpoint=checkpoint, forms=(), rows=tuple(sorted(rows, key=lambda one: -one.index)), cut=cut
        ),
        FilledForms(checkpoint=checkpoint, forms=(), owed=owes),
    )
    return text_of(writer.document("望烽市", "key"), Notes(words, lambda _: []))


def test_a_week_is_monday_to_sunday_of_the_offices_calendar() -> None:
    assert WEEK.days[0] == "2026-11-23"
    assert WEEK.days[-1] == "2026-11-29"
    assert WEEK.since(ZONE).isoformat() == "2026-11-22T16:00:00+00:00"
    assert f"{WEEK.until(ZONE):%Y-%m-%dT%H:%M}" == "2026-11-29T15:59"
    assert (WEEK.before.name, Week.of(date(2027, 1, 1)).name) == ("2026-W47", "2026-W53")


@pytest.mark.parametrize("text", ["2026-W54", "2026-W00", "2026-48", "W48", "2026-W4", "", "9999-W01"])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="2026-W48"):
        Week.read(text)


def test_a_price_is_compared_with_the_day_and_the_week_before_of_the_same_measure_alone() -> None:
    text = bulletin(
        handed_in(1, POINT, "2026-11-20", ("白菜", 1.5, "jin"), ("面粉", 5.0, "kilogram")),
        handed_in(2, POINT, "2026-11-26", ("白菜", 2.0, "jin")),
        handed_in(3, POINT, "2026-11-27", ("白菜", 1.8, "jin"), ("面粉", 2.6, "jin")),
    )
    assert "望山县信息中心 | 白菜 | 斤 | 2026年11月27日 | 1.80 | −0.20（−10.0%） | +0.30（+20.0%）" in text
    assert "望山县信息中心 | 面粉 | 斤 | 2026年11月27日 | 2.60 | – | –" in text, (
        "5.00 a kilogram is no 5.00 a jin"
    )
    assert "与上周可比价格 1 个，上涨 1 个，下降 0 个" in text


def test_what_was_handed_in_again_stands_and_a_gap_is_no_change() -> None:
    first = handed_in(4, POINT, "2026-11-25", ("白菜", 9.9, "jin"))
    again = handed_in(5, POINT, "2026-11-25", ("白菜", 2.2, "jin"))
    (line,) = quoted(priced(), [again, first])
    assert line.days == {"2026-11-25": (2.2, 5)}
    text = bulletin(handed_in(6, POINT, "2026-11-23", ("白菜", 2.0, "jin")), again)
    assert "2026年11月25日 | 2.20 | – | –" in text, "nothing was read on the day before"
    assert "上周无价格可比" in text


def test_a_price_of_nought_before_has_no_share() -> None:
    text = bulletin(
        handed_in(1, POINT, "2026-11-20", ("盐", 0, "piece")),
        handed_in(2, POINT, "2026-11-24", ("盐", 2, "piece")),
    )
    assert "| 2.00 | – | +2.00[1]\n" in text


def test_who_is_missing_is_named_and_who_came_late_for_the_day_is_not() -> None:
    came = handed_in(1, POINT, "2026-11-23", ("白菜", 2.0, "jin"))
    text = bulletin(came, owes=(owed(POINT, 1, 0, 1), owed(OTHER, 7, 4, 3, late=1)))
    assert "缺报：沙泉县信息中心（应报 7 次，缺 2 次）。" in text
    cut = bulletin(came, owes=(owed(OTHER, 7, 4, 3, late=1),), cut=True)
    assert "不能认定哪个监测点缺报" in cut
    assert "缺报：" not in cut, "whose reading may be among those left out is not named"
    assert "各监测点均已报齐" in bulletin(came, owes=(owed(POINT, 1, 1, 0),))
    assert "本周没有报送价格" in bulletin(owes=(owed(POINT, 1, 1, 0),))


def test_a_form_without_a_day_or_a_table_of_prices_is_no_form_of_prices() -> None:
    forms = load_forms(FILE)
    assert [form.id for form in forms.all() if PricedForm.of(form) is not None and form.id != "reading"] == []
    assert "against the week before" in bulletin(
        handed_in(1, POINT, "2026-11-24", ("白菜", 2, "jin")), language=Language.EN
    )
