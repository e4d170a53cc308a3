"""The formats are functions: whatever the bytes, they give items or a FormatError that names what is
wrong.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.ingest.formats import FORMATS
from services.intake.ingest.formats.items import Arrival, Follow, FormatError, Item, ReportDraft, readable
from shared.directory import Source
from shared.facts import Name, ReportForm
from shared.ids import AreaCode, SourceId, UnitId
from shared.vocabulary import Category, Level, ReportKind

SAMPLES = Path(__file__).parent.parent / "data"
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SOURCE = Source(
    id=SourceId("met"),
    name=Name(zh="气象", en="Weather"),
    unit=UnitId("observatory"),
    area=AreaCode("620600"),
    formats=tuple(FORMATS),
)
AREAS = frozenset({"620600", "620602", "130602"})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def arrival(raw: bytes, **headers: str) -> Arrival:
    return Arrival(raw=raw, source=SOURCE, received_at=NOW, areas=AREAS, headers=headers)


def read(name: str, raw: bytes, **headers: str) -> list[Item]:
    """As intake takes it: what can't be seen is taken out first."""
    return [readable(item) for item in FORMATS[name](arrival(raw, **headers))]


def form(item: Item) -> ReportForm:
    draft = item if isinstance(item, ReportDraft) else item.otherwise
    assert draft is not None
    return ReportForm.model_validate(draft.fields)


def faults(name: str, raw: bytes, **headers: str) -> set[str]:
    with pytest.raises(FormatError) as refused:
        read(name, raw, **headers)
    return {field for field, _ in refused.value.faults}


def taken_or_refused(name: str, raw: bytes) -> None:
    """Valid reports, or a refusal that names something: nothing else."""
    try:
        for item in read(name, raw):
            if isinstance(item, ReportDraft) or item.otherwise:
                form(item)
    except FormatError as refused:
        if not refused.faults:
            pytest.fail(f"refused without naming what is wrong: {refused}")


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


# Whatever the bytes


@pytest.mark.parametrize("name", FORMATS)
@given(
    raw=st.binary(max_size=300)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.text(max_size=200).map(lambda text: text.encode())
)
@settings(max_examples=150, deadline=None)
def test_garbage_is_refused_and_never_anything_else(name: str, raw: bytes) -> None:
    with pytest.raises(FormatError):
        read(name, raw)


CAP_PARTS = (
    "<alert",
    "xmlns",
    "1.2",
    "Alert",
    "<info>",
    "</info>",
    "+08:00",
    "Update",
    ",",
    "zh-CN",
    "Moderate",
    "130602000000",
    "Met",
    ">",
    '"',
)


@given(cut=st.sampled_from(CAP_PARTS), put=st.text(max_size=30), many=st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_mangled_alert_is_taken_or_refused_and_never_anything_else(
    cut: str, put: str, *, many: bool
) -> None:
    text = sample("cap/real-cn.xml").decode().replace(cut, put, -1 if many else 1)
    taken_or_refused("cap", text.encode("utf-8", "replace"))


@given(where=st.integers(0, 8216), put=st.binary(max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_broken_byte_in_an_alert_is_taken_or_refused(where: int, put: bytes) -> None:
    raw = sample("cap/real-us.xml")
    taken_or_refused("cap", raw[:where] + put + raw[where + len(put) :])


WEBHOOK_FIELDS = ("version", "alerts", "status", "labels", "startsAt", "endsAt", "fingerprint", "annotations")


@given(field=st.sampled_from(WEBHOOK_FIELDS), value=json_values)
@settings(max_examples=200, deadline=None)
def test_a_mangled_webhook_is_taken_or_refused(field: str, value: Any) -> None:
    group = orjson.loads(sample("alertmanager/two-firing.json"))
    (group if field in group else group["alerts"][0])[field] = value
    taken_or_refused("alertmanager", json.dumps(group).encode())


# CAP


@pytest.mark.parametrize(
    ("name", "category", "level", "earlier"),
    [
        ("real-cn", Category.NATURAL_DISASTER, Level.III, 1),
        ("real-us", Category.NATURAL_DISASTER, Level.IV, 1),
        ("real-de", Category.NATURAL_DISASTER, Level.III, 1),
        ("real-ca", Category.NATURAL_DISASTER, Level.III, 4),
        ("oasis-appendix-a1", Category.PUBLIC_SECURITY, Level.II, 0),
        ("oasis-appendix-a3", Category.NATURAL_DISASTER, Level.IV, 1),
        ("ipaws-cancel-or-alert", Category.ACCIDENT, Level.II, 0),
    ],
)
def test_a_real_alert_becomes_a_valid_report(
    name: str, category: Category, level: Level, earlier: int
) -> None:
    (item,) = read("cap", sample(f"cap/{name}.xml"))
    report = form(item)
    assert (report.category, report.level, report.kind, report.learned_at) == (
        category,
        level,
        ReportKind.INCIDENT,
        NOW,
    )
    assert len(item.of if isinstance(item, Follow) else ()) == earlier


def test_the_chinese_block_is_the_summary_and_the_english_one_stays_in_the_details() -> None:
    (item,) = read("cap", sample("cap/real-cn.xml"))
    report = form(item)
    assert report.summary == "保定市气象台更新雷电黄色预警[Ⅲ级/较重]"
    assert report.details is not None
    assert "yellow warning" in report.details
    assert report.area == "130602", "a division code of 12 digits names the area by its first six"
    assert (
        item.of == ("Baoding_Meteorological_Observatory,13060041600000_20240712073642",)
        if isinstance(item, Follow)
        else False
    )


def test_an_area_nobody_knows_is_the_sources_own_and_is_kept_as_given() -> None:
    (item,) = read("cap", sample("cap/real-us.xml"))
    draft = item.otherwise if isinstance(item, Follow) else item
    assert form(item).area == SOURCE.area
    assert draft is not None
    assert "Kauai Northwest Waters" in (draft.area_as_given or "")


def test_a_polygon_is_latitude_first() -> None:
    (item,) = read("cap", sample("cap/real-de.xml"))
    place = form(item).place
    assert place is not None
    assert (round(place.latitude), round(place.longitude)) == (51, 11)
    turned = sample("cap/real-cn.xml").replace(
        b"<geocode>", b"<polygon>115,38 116,38 116,39 115,38</polygon><geocode>", 1
    )
    assert faults("cap", turned) == {"info[1].area[1].polygon"}


def test_each_point_of_a_polygon_that_is_none_is_told_once_however_many_there_are() -> None:
    points = 40_000
    corners = " ".join(f"{number:x},z" for number in range(points))
    polygon = f"<polygon>{corners} 0,z 1,z</polygon><geocode>".encode()
    raw = sample("cap/real-cn.xml").replace(b"<geocode>", polygon, 1)
    with pytest.raises(FormatError) as refused:
        read("cap", raw)
    told = [words for _, words in refused.value.faults if "is no place" in words]
    assert len(told) == len(set(told)) == points


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("+08:00</sent>", "Z</sent>", "sent"),
        ("<sent>2024-07-12T21:31:38+08:00</sent>", "", "sent"),
        ("2024-07-12T21:31:38+08:00</onset>", "2024-07-12T21:31:38</onset>", "info[1].onset"),
        ("<status>Actual", "<status>Test", "status"),
        ("<status>Actual", "<status>Real", "status"),
        ("<msgType>Update", "<msgType>Ack", "msgType"),
        ("<msgType>Update", "<msgType>Updated", "msgType"),
        (",2024-07-12T21:31:38+08:00</references>", "</references>", "references"),
        ("<identifier>1306", "<identifier>13 06", "identifier"),
        ("<severity>Moderate", "<severity>Bad", "info[1].severity"),
        ("<category>Met", "<category>Weather", "info[1].category"),
        ("<event>thunder</event>", "", "info[1].event"),
        ("<areaDesc>Show area</areaDesc>", "", "info[1].area[1].areaDesc"),
        ("<scope>Public</scope>", "", "scope"),
        ("cap:1.2", "cap:1.1", "alert"),
    ],
)
def test_an_alert_with_a_fault_is_refused_naming_the_element(old: str, new: str, field: str) -> None:
    text = sample("cap/real-cn.xml").decode()
    assert old in text
    assert faults("cap", text.replace(old, new, 1).encode()) == {field}


def test_an_update_that_refers_to_nothing_is_refused_though_the_schema_takes_it() -> None:
    assert faults("cap", sample("cap/invalid-canada.xml")) == {"references"}


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE alert [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE alert SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE alert [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(prolog: str, encoding: str) -> None:
    text = sample("cap/real-cn.xml").decode().split("?>", 1)[1]
    assert faults("cap", f'<?xml version="1.0" encoding="{encoding}"?>{prolog}{text}'.encode(encoding)) == {
        "(document)"
    }


def test_the_hostile_sample_is_refused() -> None:
    assert faults("cap", sample("cap/hostile-entity-expansion.xml")) == {"(document)"}


def test_an_exercise_is_marked_as_one() -> None:
    (item,) = read("cap", sample("cap/real-cn.xml").replace(b"<status>Actual", b"<status>Exercise"))
    assert form(item).exercise is True


# Alertmanager


def test_a_firing_alert_is_a_report_named_by_fingerprint_and_start() -> None:
    first, second = read("alertmanager", sample("alertmanager/two-firing.json"))
    assert first.id == "7ce09ea8c486e206@2026-11-23T06:41:07.000000Z"
    assert (form(first).level, form(first).area, form(first).summary) == (
        Level.III,
        "620602",
        "东区二号换热站供水温度低于 45 °C",
    )
    assert first.id != second.id


def test_the_end_of_an_alert_follows_up_its_report_and_resolves_nothing() -> None:
    ended, firing = read("alertmanager", sample("alertmanager/one-resolved-one-firing.json"))
    assert isinstance(ended, Follow)
    assert isinstance(firing, ReportDraft)
    assert (ended.kind, ended.of) == ("followed_up", ("7ce09ea8c486e206@2026-11-23T06:41:07.000000Z",))


def test_a_warning_is_a_hazard_and_a_label_may_say_otherwise() -> None:
    group = orjson.loads(sample("alertmanager/two-firing.json"))
    group["alerts"][0]["labels"] |= {"severity": "warning"}
    group["alerts"][1]["labels"] |= {"level": "I", "kind": "incident", "category": "public_health"}
    warning, labelled = (form(item) for item in read("alertmanager", orjson.dumps(group)))
    assert (warning.kind, warning.level) == (ReportKind.HAZARD, Level.IV)
    assert (labelled.kind, labelled.level, labelled.category) == (
        ReportKind.INCIDENT,
        Level.I,
        Category.PUBLIC_HEALTH,
    )


# CloudEvents


def event(**changes: Any) -> dict[str, Any]:
    data = {
        "category": "accident",
        "occurred_at": "2026-11-23T06:00:00Z",
        "learned_at": "2026-11-23T06:10:00+00:00",
        "summary": "锅炉爆炸",
    }
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/a",
        "type": "cn.fenghuo.report.v1",
        "data": data,
        **changes,
    }


@given(
    key=st.text(min_size=1, max_size=60),
    source=st.text(min_size=1, max_size=60),
    summary=st.text(min_size=1, max_size=100),
)
@settings(deadline=None)
def test_structured_and_binary_mode_say_the_same(key: str, source: str, summary: str) -> None:
    given_event = event(id=key, source=source)
    given_event["data"]["summary"] = summary
    binary = {
        "ce-specversion": "1.0",
        "ce-type": given_event["type"],
        "ce-id": quote(key),
        "ce-source": quote(source),
    }
    structured = FORMATS["cloudevents"](arrival(orjson.dumps(given_event)))
    headers = {**binary, "Content-Type": "application/json"}
    assert (
        FORMATS["cloudevents"](
            Arrival(raw=orjson.dumps(given_event["data"]), source=SOURCE, received_at=NOW, headers=headers)
        )
        == structured
    )


def test_unit_and_area_are_the_sources_own_where_the_event_names_none() -> None:
    (item,) = read("cloudevents", orjson.dumps(event()))
    assert (form(item).unit, form(item).area) == (SOURCE.unit, SOURCE.area)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"type": "cn.fenghuo.acknowledged.v1"}, "type"),
        ({"id": ""}, "id"),
        ({"data": "text"}, "data"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"time": "2026-11-23T06:00:00"}, "time"),
        ({"time": "0001-01-01T00:00:00Z"}, "time"),
    ],
)
def test_an_event_that_is_no_report_is_refused_naming_the_attribute(
    changes: dict[str, Any], field: str
) -> None:
    assert faults("cloudevents", orjson.dumps(event(**changes))) == {field}


# Hotline


def test_a_call_is_learned_of_when_it_is_made() -> None:
    call = {
        "id": "9",
        "called_at": (NOW - timedelta(hours=1)).isoformat(),
        "category": "accident",
        "area": "620602",
        "summary": "停暖",
    }
    (item,) = read("hotline", orjson.dumps(call))
    assert (form(item).learned_at, form(item).area, form(item).kind) == (
        NOW - timedelta(hours=1),
        "620602",
        ReportKind.COMPLAINT,
    )


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ({}, None),
        ({"urgency": "urgent"}, "urgent"),
        ({"urgency": "utility", "topic": "heating"}, "heating"),
        ({"urgency": "complex", "topic": "heating"}, "complex"),
        ({"topic": "water"}, "water"),
    ],
)
def test_a_call_is_sorted_by_its_urgency_or_by_what_it_is_about(
    said: dict[str, str], topic: str | None
) -> None:
    call = {"id": "9", "called_at": NOW.isoformat(), "summary": "停暖", **said}
    (item,) = read("hotline", orjson.dumps(call))
    assert form(item).topic == topic
