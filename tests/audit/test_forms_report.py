"""The report over forms: rows, sums, a map, series and what is missing, for any form, from records alone."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.audit.reading.views import entry_view
from services.audit.reports.declared import REPORTS
from services.audit.reports.form_views import FilledForms
from services.audit.reports.names import ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.window import Window
from services.audit.web.report_files import ReportFormat, report_file
from shared.documents.html import body
from shared.documents.words import DocumentWords
from shared.facts import Fact, PolicyDrafted
from shared.forms import FillingPlace, Forms
from shared.ids import CaseId
from shared.standing import own_watch
from shared.vocabulary import Document, Kind, Language, ReportKind
from shared.web.names import Names
from tests.audit.story import Recorded
from tests.audit.virtual_month import MonthTrail
from tests.escalator.builders import example_directory
from tests.forms.given import OUTAGE, STOCK, ZONE, book, reader, shipped
from tests.stories.stage import Stage

DIRECTORY = example_directory()
POINTS = ("beacon_hill_info_centre", "shaquan_info_centre", "wangshan_info_centre")
READING = FillingPlace(ReportKind.STANDING, act=Kind.FILED, document=Document.READING, duty="price_reading")


class Given:
    """A stage whose facts become a trail; forms go with what is said."""

    def __init__(self, start: str = "2026-11-23 11:00", forms: Forms | None = None) -> None:
        self.forms = forms or shipped()
        self.stage = Stage(start)
        self.world = self.stage.world = Recorded(self.stage.world.rules)
        label, text = self.stage.policy.label, self.stage.policy.text
        drafted = PolicyDrafted(version="1", label=label, by="file", text=text)
        told = Fact.of(
            Kind.POLICY_DRAFTED, id="policy", source="/services/escalator", subject=None,
            time=self.stage.now, data=drafted,
        )  # fmt: skip
        self.world.facts.append((told, self.stage.now))

    def block(self, form: str, place: FillingPlace, **fields: Any) -> Any:
        taken = reader(self.forms).take({"id": form, "fields": fields}, place)
        assert taken.faults == ()
        return taken.block

    def outage(self, *, kind: ReportKind = ReportKind.INCIDENT, **fields: Any) -> CaseId:
        block = self.block("outage", FillingPlace(kind, "heating"), **{**OUTAGE, **fields})
        return self.stage.report(
            kind, unit="wangshan_info_centre", area=fields.get("area", "620602"), topic="heating", form=block
        )

    async def asks(
        self,
        form: str | None = None,
        *,
        since: datetime | None = None,
        units: Sequence[str] = (),
        **more: Any,
    ) -> FilledForms:
        trail = MonthTrail(with_ids(self.world.facts))
        reports = Reports(trail.reader, ZONE, self.forms, lambda: DIRECTORY)
        window = Window(since=since, units=frozenset(units) if units else None)
        answer = await REPORTS[ReportName.FORMS].ask(reports, ReportQuestion(window, form=form, **more))
        assert isinstance(answer, FilledForms)
        return answer


def with_ids(facts: list[tuple[Fact, datetime]]) -> list[tuple[Fact, datetime]]:
    """Each fact an id of its own, and each decision naming the fact it is about."""
    named = [
        (fact.model_copy(update={"id": f"{fact.id}~{number}"}), at) for number, (fact, at) in enumerate(facts)
    ]
    last: dict[str | None, str] = {}
    told: list[tuple[Fact, datetime]] = []
    for fact, at in named:
        if fact.kind == Kind.DECIDED:
            about = {**fact.data["about"], "id": last.get(fact.subject, "")}
            told.append((fact.model_copy(update={"data": {**fact.data, "about": about}}), at))
        else:
            last[fact.subject] = fact.id
            told.append((fact, at))
    return told


def words(language: Language = Language.ZH) -> DocumentWords:
    return DocumentWords(language, Names(DIRECTORY), ZONE, {})


def shown(answer: FilledForms, language: Language = Language.ZH) -> str:
    return str(body(REPORTS[ReportName.FORMS].blocks(words(language), answer), lambda _: None))


async def test_an_outage_counts_once_as_its_follow_ups_left_it() -> None:
    given = Given()
    case = given.outage(households=3200)
    given.outage(households=500, area="620622", approved=True, approval="望建〔2026〕3号")
    given.stage.after(minutes=20)
    more = reader(given.forms).take(
        {"id": "outage", "fields": {"households": 4100}},
        FillingPlace(ReportKind.INCIDENT, "heating", Kind.FOLLOWED_UP),
        {"outage": OUTAGE},
    )
    given.stage.says(case, Kind.FOLLOWED_UP, "wangshan_info_centre", text="扩大", form=more.block)
    answer = await given.asks("outage")
    first = next(row for row in answer.rows if row.case == case)
    assert (first.values["households"], first.values["firm"], first.blocks) == (4100, "heating_company", 2)
    assert first.missing == ("restored",)
    by = {totals.field: totals.totals for totals in answer.totals}
    (firm,) = by["firm"]
    assert (firm.value, firm.rows, firm.sums[0].field, firm.sums[0].total) == (
        "heating_company", 2, "households", 4600,
    )  # fmt: skip
    assert {total.value: total.rows for total in by["approved"]} == {False: 1, True: 1}
    assert answer.map is not None
    assert {(cell.value, cell.total) for cell in answer.map.cells} == {("620602", 4100), ("620622", 500)}
    page = shown(answer)
    assert "影响户数（户）分布（停供区域 × 供应企业）" in page
    assert 'class="number heat5"' in page
    assert "4,100" in page
    assert "望烽供热公司" in page
    assert "heating_company" not in page
    assert "households by area and supplier" in shown(answer, Language.EN)


async def test_what_was_refused_withdrawn_or_an_exercise_is_no_row() -> None:
    given = Given()
    kept, gone = given.outage(households=10), given.outage(households=20)
    given.stage.report(
        unit="wangshan_info_centre",
        topic="heating",
        exercise=True,
        form=given.block("outage", FillingPlace(ReportKind.INCIDENT, "heating"), **OUTAGE),
    )
    given.stage.says(gone, Kind.WITHDRAWN, "wangshan_info_centre", text="误报")
    more = reader(given.forms).take(
        {"id": "outage", "fields": {"households": 99}},
        FillingPlace(ReportKind.INCIDENT, "heating", Kind.FOLLOWED_UP),
        {"outage": OUTAGE},
    )
    given.stage.refused(kept, Kind.FOLLOWED_UP, "health_commission", text="无关", form=more.block)
    answer = await given.asks("outage")
    assert [(row.case, row.values["households"]) for row in answer.rows] == [(kept, 10)]


async def test_it_is_asked_by_kind_topic_area_unit_and_period() -> None:
    given = Given()
    incident = given.outage(area="620602")
    given.stage.after(hours=2)
    since = given.stage.now
    complaint = given.outage(kind=ReportKind.COMPLAINT, area="620622")

    async def cases(**asked: Any) -> set[str]:
        return {row.case for row in (await given.asks("outage", **asked)).rows}

    assert await cases() == {incident, complaint}
    assert await cases(kind="complaint") == {complaint}
    assert await cases(topic="heating") == {incident, complaint}
    assert await cases(topic="water") == set()
    assert await cases(area="620602") == {incident}
    assert await cases(area="620600") == {incident, complaint}, "what lies within it too"
    assert await cases(since=since) == {complaint}
    assert await cases(units=("heating_company",)) == {incident, complaint}, "the form names it"
    assert await cases(units=("water_bureau",)) == set()
    overview = await given.asks()
    assert [(one.form, one.blocks, one.title.en) for one in overview.forms] == [("outage", 2, "outage")]
    assert "<td>停供登记</td>" in shown(overview)
    assert [one.blocks for one in (await given.asks(units=("heating_company",))).forms] == [2]
    assert (await given.asks(units=("water_bureau",))).forms == (), "the overview is asked of a unit too"
    assert [one.blocks for one in (await given.asks(area="620622")).forms] == [1]


async def test_prices_are_a_series_by_point_and_item_and_who_has_not_handed_in_is_named() -> None:
    given = Given()
    cases = {unit: given.stage.watches("periodic", own_watch("price_reading", unit)) for unit in POINTS}
    for day, price in (("2026-11-24", 1.8), ("2026-11-25", 2.4)):
        given.stage.at(f"{day} 10:00")
        for unit in POINTS[1:]:
            items = [
                {"item": "白菜", "price": price, "unit": "jin"},
                {"item": "面粉", "price": 2.6, "unit": "jin"},
            ]
            block = given.block(
                "reading",
                READING,
                point=unit,
                day="2026-11-22" if day < "2026-11-25" else "2026-11-23",
                items=items,
            )
            given.stage.says(
                cases[unit], Kind.FILED, unit, document=Document.READING, text="价格", form=block
            )
    given.stage.at("2026-11-25 17:01")
    answer = await given.asks("reading")
    assert len(answer.rows) == 4, "each point each day"
    (series,) = answer.series
    assert series.field == "items.price"
    cabbage = next(
        line for line in series.lines
        if line.of == {"point": "wangshan_info_centre", "items.item": "白菜"}
    )  # fmt: skip
    assert [(point.day, point.value) for point in cabbage.points] == [
        ("2026-11-22", 1.8),
        ("2026-11-23", 2.4),
    ]
    owed = {line.unit: (line.opened, line.in_time, line.lapsed, line.missing) for line in answer.owed}
    assert owed["wangshan_info_centre"][1:] == (2, 0, 0)
    assert owed["beacon_hill_info_centre"][1:3] == (0, 2)
    assert answer.owed[0].unit == "beacon_hill_info_centre", "who owes most stands first"
    assert answer.owed[0].missing == answer.owed[0].opened, "yesterday's too, though today's has begun since"
    page = shown(answer)
    assert "缺报：烽山区信息中心。" in page
    assert "<polyline" in page
    items = next(totals for totals in answer.totals if totals.field == "items.item")
    assert {(total.value, total.sums[0].least, total.sums[0].most) for total in items.totals} == {
        ("白菜", 1.8, 2.4),
        ("面粉", 2.6, 2.6),
    }
    assert "1.80–2.40" in page


async def test_a_list_shows_its_progress_by_county_and_a_stock_what_it_lasts() -> None:
    given = Given()
    place = FillingPlace(ReportKind.STANDING, act=Kind.FILED, document=Document.RECEIPT, duty="welfare")
    case = given.stage.watches("periodic", "welfare")
    for delivered, area in ((40, "620602"), (90, "620602"), (10, "620622")):
        block = given.block(
            "delivery_list", place, what="米面油", area=area, planned=100, delivered=delivered
        )
        given.stage.says(
            case, Kind.FILED, "civil_affairs", document=Document.RECEIPT, text="签收", form=block
        )
    lists = await given.asks("delivery_list")
    areas = next(totals for totals in lists.totals if totals.field == "area").totals
    assert {total.value: total.shares["delivered"] for total in areas} == {"620602": 0.9, "620622": 0.1}
    assert "已发户数进度（按地区）" in shown(lists)
    stock = given.stage.watches("periodic", own_watch("stock_report", "heating_company"))
    place = FillingPlace(
        ReportKind.STANDING, act=Kind.FILED, document=Document.STOCK_REPORT, duty="stock_report"
    )
    for days in (9, 4):
        block = given.block("stock", place, **{**STOCK, "days_left": days})
        given.stage.says(
            stock, Kind.FILED, "heating_company", document=Document.STOCK_REPORT, text="库存", form=block
        )
        given.stage.after(days=1)
    stocks = await given.asks("stock")
    (row,) = stocks.rows
    assert row.values["days_left"] == 4
    left = next(series for series in stocks.series if series.field == "days_left")
    assert [point.value for point in left.lines[0].points] == [9, 4]
    assert {series.field for series in stocks.series} == {"amount", "days_left"}, "a threshold is no measure"


async def test_an_item_of_a_campaign_is_one_row_however_often_it_is_added_to() -> None:
    given = Given()
    place = FillingPlace(ReportKind.CAMPAIGN, act=Kind.REGISTERED)
    unit, other = "wangshan_government", "shaquan_government"
    case = given.stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_office",
        tasks=[{"title": "排查", "units": [unit, other], "within": "P7D"}],
    )

    def item(step: int | None, **fields: Any) -> None:
        taken = reader(given.forms).take({"id": "inventory_item", "fields": fields}, place)
        said: dict[str, Any] = {"step": step} if step else {"summary": "隐患"}
        given.stage.says(case, Kind.REGISTERED, unit, form=taken.block, **said)

    item(None, sector="mine", grade="major", place="二号井")
    item(None, sector="fire", grade="general", place="粮库")
    item(1, measure="停产更换", owner="wei_huang", due="2026-12-05")
    answer = await given.asks("inventory_item")
    rows = {row.values["place"]: (row.values.get("measure"), row.blocks) for row in answer.rows}
    assert rows == {"二号井": ("停产更换", 2), "粮库": (None, 1)}
    sectors = next(totals for totals in answer.totals if totals.field == "sector").totals
    assert {total.value: total.rows for total in sectors} == {"mine": 1, "fire": 1}


TREES = """
  trees:
    title: { zh: 倒树, en: fallen trees }
    of: [{ kinds: [hazard], topics: [trees] }]
    fields:
      road: { title: { zh: 道路, en: road }, type: text, personal: false, need: required }
      trees: { title: { zh: 株数, en: trees }, type: integer, measure: { zh: 株, en: trees }, least: 1, need: required }
      finder: { title: { zh: 发现人, en: finder }, type: text }
"""


async def test_a_form_of_yaml_alone_is_counted_and_goes_into_files_that_run_nothing() -> None:
    given = Given(forms=book(TREES))
    place = FillingPlace(ReportKind.HAZARD, "trees")
    for road, trees in (("=HYPERLINK(1)", 3), ("解放路", 5)):
        block = given.block("trees", place, road=road, trees=trees, finder="李某")
        given.stage.report(ReportKind.HAZARD, unit="wangshan_info_centre", topic="trees", form=block)
    answer = await given.asks("trees")
    tables = REPORTS[ReportName.FORMS].tables_of(words(), answer)
    text = report_file(ReportFormat.CSV, tables, words(), answer, {"form": "trees"}).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["倒树"]
    assert lines[1] == ["记录号", "填报时间", "填报单位", "道路", "株数（株）", "发现人", "尚缺"]
    assert [line[3:6] for line in lines[2:4]] == [["解放路", "5", "李某"], ["'=HYPERLINK(1)", "3", "李某"]]
    assert any(line[:3] == ["望山县", "2", "8"] for line in lines), "added up by the county of the cases"
    assert lines[-1][0] == "END 完"
    assert "form = trees" in lines[-1][-1]
    workbook = zipfile.ZipFile(io.BytesIO(report_file(ReportFormat.XLSX, tables, words(), answer, {})))
    sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert '<c r="E2" s="0"><v>5</v></c>' in sheet, "a number is a number"
    assert "=HYPERLINK(1)</t>" in sheet
    assert workbook.read("xl/workbook.xml").decode().count("<sheet name=") == len(tables) + 1


async def test_what_was_erased_is_in_no_row_and_the_figures_stay() -> None:
    given = Given()
    place = FillingPlace(ReportKind.PETITION, "land")
    block = given.block("petition", place, sort="land", people=38, parties="王某等", claim="补偿款未到位")
    given.stage.report(ReportKind.PETITION, unit="wangshan_info_centre", topic="land", form=block)
    (index,) = (n for n, (fact, _) in enumerate(given.world.facts) if fact.kind == Kind.REPORTED)
    fact, at = given.world.facts[index]
    erased = orjson.loads(orjson.dumps(fact.data))
    for name in ("personal", "short", "as_given", "wrong"):
        erased["form"][name] = None
    assert (await given.asks("petition")).rows[0].values["parties"] == "王某等"
    given.world.facts[index] = (fact.model_copy(update={"data": erased}), at)
    (row,) = (await given.asks("petition")).rows
    assert row.values == {"sort": "land", "people": 38, "earlier": False}
    trail = MonthTrail(with_ids(given.world.facts))
    entry = entry_view(trail.entries[index], trail.held[index])
    assert entry.block is not None
    assert entry.block.personal == {}


@pytest.mark.parametrize("odd", [5, "x", {"id": 7}, {"id": "outage", "fields": [1]}, {"id": "outage"}])
async def test_an_odd_block_on_record_breaks_no_report(odd: Any) -> None:
    given = Given()
    given.outage()
    fact, at = given.world.facts[1]
    assert fact.kind == Kind.REPORTED
    given.world.facts[1] = (fact.model_copy(update={"data": {**fact.data, "form": odd}}), at)
    answer = await given.asks("outage")
    assert len(answer.rows) <= 1
    assert shown(answer)


async def test_a_form_that_is_declared_no_more_shows_its_values_as_they_are() -> None:
    given = Given()
    given.outage()
    given.forms = book(TREES)
    answer = await given.asks("outage")
    assert answer.declared is None
    assert "3200" in shown(answer)


async def test_the_window_opens_after_the_report_and_the_row_is_whole_all_the_same() -> None:
    given = Given()
    case = given.outage(households=3200)
    given.stage.after(hours=1)
    since = given.stage.now + timedelta(minutes=1)
    given.stage.after(hours=1)
    more = reader(given.forms).take(
        {"id": "outage", "fields": {"cause": "主管爆裂"}},
        FillingPlace(ReportKind.INCIDENT, "heating", Kind.FOLLOWED_UP),
        {"outage": OUTAGE},
    )
    given.stage.says(case, Kind.FOLLOWED_UP, "wangshan_info_centre", text="原因", form=more.block)
    (row,) = (await given.asks("outage", since=since)).rows
    assert (row.values["households"], row.values["cause"]) == (3200, "主管爆裂")
