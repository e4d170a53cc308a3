"""The shared pages: whole in both languages, times in the office's zone, forms and paths that can't be turned
against us.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2.ext
import pytest
from babel.messages.extract import extract
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from fenghuo.cli import COMMANDS, GROUPS, build
from fenghuo.speech.tree import texts
from shared.acts import ACTS
from shared.case import CaseStatus, DutyState
from shared.facts import EffectKind, LapseCause, Purpose, Via
from shared.language import times
from shared.language.catalogue import catalogue, entries
from shared.language.labels import LABELS
from shared.language.preference import preferred
from shared.vocabulary import Category, Kind, Language, Level, ReportKind, Role
from shared.web.guard import safe_path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("shared", "services", "fenghuo")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def messages_in_sources() -> Iterator[str]:
    """What is marked for translation in code and templates, and every help text of the command."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*")):
        if path.suffix not in (".py", ".html"):
            continue
        method: Any = "python" if path.suffix == ".py" else jinja2.ext.babel_extract
        with path.open("rb") as file:
            for _, message, _, _ in extract(
                method, file, keywords={"N_": None, "_": None, "worded": None, "ngettext": (1, 2)}
            ):
                yield first_form(message)
    for act in ACTS.values():
        yield from act.needs.values()
    for name in (*COMMANDS, *GROUPS):
        yield from texts(get_command(build([name])))


def first_form(message: str | tuple[str, ...] | list[str]) -> str:
    """The singular, of a message that has two forms."""
    return message if isinstance(message, str) else message[0]


def chinese() -> dict[str, str]:
    return {
        first_form(entry.id): first_form(entry.string or "") for entry in entries(Language.ZH) if entry.id
    }


def test_no_message_stands_twice_in_the_catalogues() -> None:
    times = Counter(first_form(entry.id) for entry in entries(Language.ZH) if entry.id)
    assert [message for message, count in times.items() if count > 1] == []


def test_every_message_of_pages_errors_and_command_has_its_chinese_and_none_is_stale() -> None:
    said, known = set(messages_in_sources()), chinese()
    assert len(said) > 2_000
    assert said == set(known)
    assert [message for message, text in known.items() if not text.strip()] == []


def test_a_translation_fills_in_the_same_values() -> None:
    value = re.compile(r"%\(\w+\)s|\{\}")
    for message, text in chinese().items():
        assert sorted(value.findall(message)) == sorted(value.findall(text)), message


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("level", Level),
        ("kind", ReportKind),
        ("category", Category),
        ("role", Role),
        ("status", CaseStatus),
        ("duty", DutyState),
        ("fact", Kind),
        ("effect", EffectKind),
        ("cause", LapseCause),
        ("via", Via),
        ("purpose", Purpose),
    ],
)
def test_every_word_of_the_vocabulary_has_a_label(group: str, words: type[StrEnum]) -> None:
    assert {word.value for word in words} - set(LABELS[group]) == set()


def test_the_reader_gets_the_language_the_browser_prefers() -> None:
    assert preferred("zh-CN,zh;q=0.9,en;q=0.8") is Language.ZH
    assert preferred("en-GB,zh;q=0.5") is Language.EN
    assert preferred("de,fr;q=0.9") is Language.EN
    assert preferred("zh;q=0,en;q=0.1") is Language.EN


@given(st.text(max_size=80))
def test_no_header_breaks_the_choice_of_language(header: str) -> None:
    assert preferred(header) in Language


def test_plurals_follow_the_language() -> None:
    assert catalogue(Language.EN).ngettext("open case", "open cases", 1) == "open case"
    assert catalogue(Language.EN).ngettext("open case", "open cases", 2) == "open cases"
    assert catalogue(Language.ZH).ngettext("open case", "open cases", 2) == "件未了事项"


def test_a_time_is_a_clock_today_and_has_its_date_otherwise() -> None:
    now = datetime(2026, 11, 1, 19, 30, tzinfo=UTC)  # 03:30 on the second in Shanghai
    assert times.clock(now - timedelta(hours=1), SHANGHAI, now) == "02:30:00"
    assert times.clock(now - timedelta(hours=4), SHANGHAI, now) == "11-01 23:30:00"
    assert times.clock(now - timedelta(days=400), SHANGHAI, now) == "2025-09-28 03:30:00"
    assert times.full(now, SHANGHAI) == "2026-11-02 03:30:00.000+08:00"


def test_a_span_reads_like_a_clock() -> None:
    assert times.span(timedelta(minutes=3, seconds=12)) == "3:12"
    assert times.span(-timedelta(hours=1, minutes=3, seconds=12)) == "1:03:12"
    assert times.span(timedelta(days=2, minutes=3, seconds=5)) == "2d 0:03"
    assert times.span(timedelta(days=2, seconds=5), "{} 天") == "2 天 0:00"


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_a_form_shows_it_reads_back(at: datetime) -> None:
    assert times.read_local(times.local_input(at, SHANGHAI), SHANGHAI) == at.replace(second=0, microsecond=0)


def test_a_time_that_never_was_is_refused() -> None:
    with pytest.raises(ValueError, match="did not exist"):
        times.read_local("2026-03-29T02:30", BERLIN)
    with pytest.raises(ValueError, match="Give a date"):
        times.read_local("yesterday", SHANGHAI)


@given(st.text(alphabet=st.sampled_from("/\\.:@abc\n\t?#%"), max_size=12))
def test_a_path_back_stays_on_this_host(wanted: str) -> None:
    safe = safe_path(wanted)
    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))
    assert "\n" not in safe
