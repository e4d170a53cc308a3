"""What is read into a form, what is said of what is not, and what of it may be erased."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.records.personal import put_back, take_out
from services.intake.desk.typed_form import read_typed
from shared.facts import FormBlock
from shared.forms import DeclaredColumn, DeclaredForm, FieldType, FillingPlace
from shared.forms.blocks import LARGEST, same_given
from shared.forms.filling import MISSING
from shared.vocabulary import Document, Kind, ReportKind
from tests.escalator.builders import example_directory
from tests.forms.given import HEATING, NOW, OUTAGE, STOCK, book, reader, shipped

_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1)


def values_of(column: DeclaredColumn) -> st.SearchStrategy[Any]:
    """Values that the form takes."""
    least = 0 if column.least is None else column.least
    most = 10_000 if column.most is None else min(column.most, least + 10_000)
    match column.type:
        case FieldType.INTEGER:
            return st.integers(int(least), int(most))
        case FieldType.NUMBER:
            return st.floats(least, most)
        case FieldType.MONEY:
            return st.integers(int(least * 100), int(most * 100)).map(lambda cents: cents / 100)
        case FieldType.DATE:
            return st.dates(date(2020, 1, 1), NOW.date()).map(date.isoformat)
        case FieldType.TIME:
            return st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda ago: (NOW - ago).isoformat())
        case FieldType.YES_NO:
            return st.booleans()
        case FieldType.CHOICE:
            return st.sampled_from(sorted(column.choices))
        case FieldType.AREA:
            return st.just("620602")
        case FieldType.UNIT:
            return st.just("heating_company")
        case FieldType.PERSON:
            return st.just("lu_hai")
        case FieldType.URL:
            return st.just("https://example.org/a?b=1")
        case _:
            return _TEXT.map(lambda text: text[: column.length])


@st.composite
def filled(draw: st.DrawFn, form: DeclaredForm) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, field in form.fields.items():
        if field.type is FieldType.ROWS:
            row = st.fixed_dictionaries({key: values_of(column) for key, column in field.columns.items()})
            fields[name] = draw(st.lists(row, min_size=1, max_size=3))
        else:
            fields[name] = draw(values_of(field))
    return fields


def somewhere(form: DeclaredForm) -> FillingPlace:
    place = form.of[0]
    act = place.acts[0] if place.acts else Kind.FILED if place.documents else None
    return FillingPlace(
        place.kinds[0] if place.kinds else ReportKind.STANDING,
        place.topics[0] if place.topics else None,
        act,
        place.documents[0] if place.documents else None,
        place.duties[0] if place.duties else None,
    )


@given(st.data())
def test_what_is_filled_in_well_is_read_back_the_same(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(shipped().all()))
    fields = data.draw(filled(form))
    first = reader().take({"id": form.id, "fields": fields}, somewhere(form))
    assert first.faults == ()
    assert set(first.block.values) == set(fields)
    again = reader().take({"id": form.id, "fields": first.block.values}, somewhere(form))
    assert again.block == first.block
    on_record = FormBlock.model_validate_json(first.block.model_dump_json(exclude_none=True))
    assert same_given(on_record, first.block)


@given(st.data())
def test_what_is_wrong_is_named_and_spoils_nothing_else(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(shipped().all()))
    fields = data.draw(filled(form))
    name = data.draw(st.sampled_from([name for name, field in form.fields.items() if field.type != "text"]))
    odd = data.draw(st.sampled_from(["\u202e", "x" * 5_000, {"a": [1]}, [["x"]], float("nan")]))
    taken = reader().take({"id": form.id, "fields": {**fields, name: odd}}, somewhere(form))
    assert {field.split(".")[1] for field, _ in taken.faults} == {name}
    assert set(taken.block.values) == set(fields) - {name}
    assert taken.block.as_given is not None
    assert {one.field for one in taken.block.wrong} == {field for field, _ in taken.faults}
    assert all(one.zh and one.en for one in taken.block.wrong)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        (5, ""),
        ({}, "id"),
        ({"id": "outag", "fields": {}}, "id"),
        ({"id": ["x"]}, "id"),
        ({"id": "petition", "fields": {}}, "id"),
        ({"id": "outage", "fields": []}, "fields"),
        ({"id": "outage", "fields": {"cause": "x" * LARGEST}}, ""),
        ({"id": "outage", "fields": {**OUTAGE, "since": "2026-11-23T10:00:00"}}, "fields.since"),
        ({"id": "outage", "fields": {**OUTAGE, "since": "2026-11-24T10:00:00+08:00"}}, "fields.since"),
        ({"id": "outage", "fields": {**OUTAGE, "approved": True}}, "fields.approval"),
        ({"id": "outage", "fields": {**OUTAGE, "households": 10**400}}, "fields.households"),
    ],
)
def test_a_block_that_is_odd_says_where(block: object, field: str) -> None:
    taken = reader().take(block, HEATING)
    assert taken.faults
    assert taken.faults[0][0] == field
    assert taken.block.wrong
    assert taken.block.as_given


def test_nobody_outside_says_what_we_work_out() -> None:
    given_short = {"zh": "一切正常", "en": "all is well"}
    block = {"id": "outage", "fields": OUTAGE, "short": given_short, "rings": ["low"], "missing": []}
    taken = reader().take(block, HEATING).block
    assert taken.short is not None
    assert taken.short.zh == ("望烽供热公司、供热、影响户数 3,200户、停供时间 11-23 10:00、是否经批准 否")
    assert taken.short.en == (
        "Wangfeng Heating Company, heating, households 3,200, since 11-23 10:00, approved no"
    )
    assert taken.rings == ("unapproved",)
    assert taken.missing == ("restored",)


def test_a_threshold_is_a_field_of_the_form_or_its_default() -> None:
    place = FillingPlace(ReportKind.STANDING, act=Kind.FILED, document=Document.STOCK_REPORT)

    def rings(**fields: Any) -> tuple[str, ...]:
        return reader().take({"id": "stock", "fields": {**STOCK, **fields}}, place).block.rings

    assert rings() == ("low",)
    assert rings(threshold=3) == ("enough",)
    assert rings(days_left=7) == ()


def test_a_follow_up_adds_to_what_the_case_has_and_asks_for_nothing_again() -> None:
    follow_up = FillingPlace(ReportKind.INCIDENT, "heating", Kind.FOLLOWED_UP)
    taken = reader().take({"id": "outage", "fields": {"households": 4100}}, follow_up, {"outage": OUTAGE})
    assert taken.faults == ()
    assert taken.block.fields == {"households": 4100}
    assert taken.block.short is not None
    assert "4,100户" in taken.block.short.zh
    end = FillingPlace(ReportKind.INCIDENT, "heating", Kind.RESOLVED)
    ended = reader().take({"id": "outage", "fields": {}}, end, {"outage": OUTAGE})
    assert [field for field, _ in ended.faults] == ["fields.restored"]
    assert str(ended.faults[0][1]) == MISSING % {"title": "restored"}


def test_what_is_personal_of_a_form_is_erased_and_the_rest_stays() -> None:
    place = FillingPlace(ReportKind.PETITION, "land")
    fields = {"sort": "land", "people": 38, "parties": "王某等", "claim": "补偿款未到位", "place": "北村"}
    block = reader().take({"id": "petition", "fields": fields}, place).block
    assert set(block.personal) == {"parties", "claim"}
    envelope = {"data": {"form": block.model_dump(mode="json", exclude_none=True)}}
    before = {"data": {"form": dict(envelope["data"]["form"])}}
    erased = take_out(envelope, Kind.REPORTED)
    assert envelope["data"]["form"]["personal"] is None
    assert envelope["data"]["form"]["fields"] == {
        "sort": "land",
        "people": 38,
        "place": "北村",
        "earlier": False,
    }
    put_back(envelope, Kind.REPORTED, erased)
    assert envelope == before


FORMS_WITH_FAULTS = """\
  tree:
    title: { zh: 树木, en: tree }
    of: [{ kinds: [hazard], acts: [reported] }]
    fields:
      height: { title: { zh: 高度, en: height }, type: number, least: 5, most: 1 }
      sort: { title: { zh: 树种, en: sort }, type: choice }
      fell: { title: { zh: 倒向, en: fell }, type: text, required_when: [{ field: hight, filled: true }] }
    complete: [hieght]
"""


def test_a_fault_of_the_file_names_its_line_and_the_remedy() -> None:
    with pytest.raises(ValueError, match="most") as refused:
        book(FORMS_WITH_FAULTS)
    assert str(refused.value).splitlines() == [
        "forms.yaml:7: fields.height.most: is less than least (5): exchange the two",
        "forms.yaml:8: fields.sort.choices: a choice has choices, and nothing else has: write `type: choice` with `choices:`",
        "forms.yaml:9: fields.fell.required_when.0.field: no field hight: name one of height, sort, fell",
        "forms.yaml:5: of.0.acts: reported is no act of people: see `fenghuo act` for those there are",
        "forms.yaml:10: complete.0: no field hieght: name a field of the form, or `table.column`",
    ]


def test_a_time_is_kept_as_a_moment() -> None:
    since = reader().take({"id": "outage", "fields": OUTAGE}, HEATING).block.fields["since"]
    assert datetime.fromisoformat(since) == datetime.fromisoformat(OUTAGE["since"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1,234.5", 1234.5),
        ("1，234", 1234),
        ("12", 12),
        ("12,5", "12,5"),
        ("1,23,456", "1,23,456"),
        ("nan", "nan"),
        ("1e400", "1e400"),
    ],
)
def test_a_number_is_read_as_it_was_typed_or_goes_on_as_it_is(typed: str, read: float | str) -> None:
    stock = shipped().get("stock")
    assert stock is not None
    block, faults = read_typed(stock, {"f.amount": typed}, ZoneInfo("Asia/Shanghai"), example_directory())
    assert not faults
    assert block == {"id": "stock", "fields": {"amount": read}}
