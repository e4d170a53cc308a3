"""The tables of the policy in words: each number, term and list of people with what it is. Pure.

Invariant: each value that the model knows has a line here (a test walks the model), so that no difference
between two policies goes unsaid.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from services.escalator.policy.holidays import Holidays
from services.escalator.policy.inherit import Path
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy_pages.found_words import CHOICE_WORDS, STARTS_WORDS
from services.escalator.policy_pages.wording import PolicyWording
from shared.language.catalogue import N_
from shared.message import Marked
from shared.vocabulary import Level


class Shape(StrEnum):
    """What a setting is, and so how it is said."""

    TERM = "term"
    TERMS = "terms"
    NUMBER = "number"
    NUMBERS = "numbers"
    WHO = "who"
    CHANNELS = "channels"
    EVENTS = "events"
    LEVELS = "levels"
    LEVEL = "level"
    CATEGORY = "category"
    ROLES = "roles"
    MEASURES = "measures"
    STEPS = "steps"
    CHOICE = "choice"
    START = "start"
    YES = "yes"
    WORD = "word"
    HOURS = "hours"
    HOLIDAYS = "holidays"


@dataclass(frozen=True)
class TableSetting:
    path: Path
    label: Marked
    shape: Shape = Shape.TERM


@dataclass(frozen=True)
class SettingInWords:
    setting: TableSetting
    chapter: str
    label: str
    text: str
    value: Any

    @property
    def name(self) -> str:
        return ".".join(map(str, self.setting.path))


CHAPTERS: dict[str, Marked] = {
    "half_hour": N_("The half hour"),
    "levels": N_("Limits by level"),
    "gravity": N_("How grave a matter is"),
    "grading": N_("Grading by harm"),
    "opinion": N_("What the media know"),
    "accountability": N_("How lateness is pursued"),
    "public_notice": N_("Public notices"),
    "publication": N_("Publications"),
    "press": N_("Press"),
    "tasks": N_("Tasks and transfers"),
    "inventory": N_("Campaigns"),
    "petition": N_("Petitions"),
    "hotline": N_("Hotline"),
    "trend": N_("Analyses"),
    "cross_check": N_("Suspected omissions"),
    "snooze": N_("Putting a reminder off"),
    "pause": N_("Stopping a clock"),
    "silent_source": N_("A silent source"),
    "exercise": N_("Exercises"),
    "roll_call": N_("Roll calls"),
    "clock": N_("Clock and calendar"),
    "holidays": N_("Clock and calendar"),
}
_LEVEL_LIMITS: dict[str, Marked] = {
    "report": N_("first report"),
    "written": N_("written report"),
    "acknowledge": N_("acknowledgement by the unit"),
    "follow_up": N_("each follow-up report"),
    "final": N_("final report"),
    "plan": N_("plan of action"),
}
S = TableSetting
SETTINGS: tuple[TableSetting, ...] = (
    S(("half_hour", "owed_to"), N_("who is owed the report"), Shape.WHO),
    S(("half_hour", "within"), N_("limit of the report")),
    S(("half_hour", "remind"), N_("reminded after"), Shape.TERMS),
    S(("half_hour", "channels"), N_("over"), Shape.CHANNELS),
    S(("half_hour", "discharged_by"), N_("counts as done"), Shape.EVENTS),
    S(("half_hour", "fallback", "after"), N_("a stand-in is rung after")),
    S(("half_hour", "fallback", "chain"), N_("who stands in, in this order"), Shape.WHO),
    S(("half_hour", "fallback", "step"), N_("the next stand-in after")),
    *(S(("levels", level, field), label) for level in Level for field, label in _LEVEL_LIMITS.items()),
    S(("gravity", "grave"), N_("grave"), Shape.LEVELS),
    S(("gravity", "serious"), N_("serious"), Shape.LEVELS),
    S(("grading", "accident", "deaths"), N_("dead, from which level I, II, III"), Shape.NUMBERS),
    S(("grading", "accident", "injuries"), N_("seriously injured, likewise"), Shape.NUMBERS),
    S(("grading", "accident", "loss"), N_("loss in yuan, likewise"), Shape.NUMBERS),
    S(("grading", "accident", "in_danger"), N_("missing and trapped, likewise"), Shape.NUMBERS),
    S(("grading", "follows_harm"), N_("when harm grows"), Shape.CHOICE),
    S(("opinion", "tv"), N_("television")),
    S(("opinion", "web"), N_("websites")),
    S(("opinion", "external_media"), N_("external media")),
    S(("accountability", "in_force_only_if"), N_("another version of this policy needs"), Shape.CHOICE),
    S(("accountability", "ladder"), N_("measures, the mildest first"), Shape.MEASURES),
    S(("accountability", "window"), N_("how long a lapse counts as a repeat")),
    S(("accountability", "statement_within"), N_("statement of the unit")),
    S(("accountability", "decide_within"), N_("decision on the measure")),
    S(("accountability", "review_within"), N_("review of the measure")),
    S(("public_notice", "approvals"), N_("approvals"), Shape.NUMBER),
    S(("public_notice", "reply_within"), N_("the unit may reply within")),
    S(("public_notice", "approvers"), N_("asked to approve, in this order"), Shape.WHO),
    S(("publication", "approvals"), N_("approvals"), Shape.NUMBER),
    S(("publication", "approvers"), N_("asked to approve, in this order"), Shape.WHO),
    S(("press", "first"), N_("first word")),
    S(("press", "conference"), N_("press conference")),
    S(("press", "follow"), N_("follow-up release")),
    S(("tasks", "meeting_report"), N_("a task without a limit of its own")),
    S(("tasks", "remind"), N_("reminded after"), Shape.TERMS),
    S(("tasks", "overdue"), N_("when it is late"), Shape.STEPS),
    S(("tasks", "extension", "asked_before_due"), N_("an extension is asked before the limit"), Shape.YES),
    S(("tasks", "extension", "approved_by"), N_("an extension is granted by"), Shape.WHO),
    S(("tasks", "objection", "within"), N_("a transfer is answered within")),
    S(("tasks", "objection", "decided_by"), N_("who leads is said by"), Shape.WHO),
    S(("tasks", "bounce_limit"), N_("how often a case may go to and fro"), Shape.NUMBER),
    S(("tasks", "supervised_by"), N_("supervision orders are issued by"), Shape.WHO),
    S(("inventory", "due"), N_("submission of the inventory")),
    S(("inventory", "remind"), N_("reminded after"), Shape.TERMS),
    S(("inventory", "nil_report"), N_("nil report"), Shape.CHOICE),
    S(("inventory", "recheck"), N_("verified closure")),
    S(("petition", "route"), N_("routing")),
    S(("petition", "close"), N_("settlement")),
    S(("petition", "extend"), N_("extended by at most")),
    S(("petition", "ask"), N_("asking for a review of the petition")),
    S(("petition", "review"), N_("review of the petition")),
    S(("petition", "re_review"), N_("second review of the petition")),
    S(("hotline", "urgent"), N_("urgent call")),
    S(("hotline", "utility"), N_("heat, water, power")),
    S(("hotline", "normal"), N_("ordinary call")),
    S(("hotline", "complex"), N_("complex call")),
    S(("trend", "monthly"), N_("monthly analysis")),
    S(("trend", "quarterly"), N_("quarterly analysis")),
    S(("cross_check", "within"), N_("a unit reports what others know within")),
    S(("cross_check", "judged_within"), N_("a suspicion is judged within")),
    S(("cross_check", "window"), N_("two tellings of one event lie apart at most")),
    S(("cross_check", "alike"), N_("alike from"), Shape.NUMBER),
    S(("cross_check", "weights", "area"), N_("weight of the place"), Shape.NUMBER),
    S(("cross_check", "weights", "category"), N_("weight of the category"), Shape.NUMBER),
    S(("cross_check", "weights", "time"), N_("weight of the time"), Shape.NUMBER),
    S(("cross_check", "weights", "text"), N_("weight of the text"), Shape.NUMBER),
    S(("snooze", "up_to"), N_("for at most")),
    S(("snooze", "times"), N_("how often"), Shape.NUMBER),
    S(("pause", "by"), N_("by whom"), Shape.ROLES),
    S(("pause", "up_to"), N_("for at most")),
    S(("silent_source", "category"), N_("reported as"), Shape.CATEGORY),
    S(("silent_source", "level"), N_("of level"), Shape.LEVEL),
    S(("exercise", "channels"), N_("rings over"), Shape.CHANNELS),
    S(("roll_call", "within"), N_("answered within")),
    S(("roll_call", "spread"), N_("the units begin one after the other over")),
    S(("roll_call", "hours"), N_("begins on working days within"), Shape.HOURS),
    S(("clock", "timezone"), N_("time zone"), Shape.WORD),
    S(("clock", "starts_at"), N_("clocks start"), Shape.START),
    S(("holidays", "years"), N_("days off and make-up workdays"), Shape.HOLIDAYS),
)
NOT_SAID = (("version",), ("audiences",), ("duties",), ("tells",))
"""The version's name is its title; audiences are said where they are used; rules stand by themselves."""
WITHOUT_EFFECT = (("tasks", "extension", "keeps_original_due"),)
BY_ITSELF = (("accountability", "measures"), ("accountability", "excuses"))
"""The degrees, see degrees.py."""


def settings_in_words(wording: PolicyWording) -> Iterator[SettingInWords]:
    """Those that the policy has, in order."""
    for setting in SETTINGS:
        value = value_at(wording.document, setting.path)
        if value is None:
            continue
        chapter, *rest = setting.path
        label = wording.words.of(setting.label)
        if chapter == "levels":
            label = wording.words.of_somebody(wording.levels((str(rest[0]),)), label)
        text = _SAY[setting.shape](wording, value) or wording.words.of(N_("nobody"))
        yield SettingInWords(setting, wording.words.of(CHAPTERS[str(chapter)]), label, text, value)


def value_at(document: PolicyDocument, path: Path) -> Any:
    value: Any = document
    for part in path:
        if value is None:
            return None
        value = (
            cast(dict[Any, Any], value).get(part) if isinstance(value, dict) else getattr(value, str(part))
        )
    return value


def _one_or_many(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(cast(tuple[str, ...], value))


def _holidays(wording: PolicyWording, years: Any) -> str:
    words = wording.words
    off, work = N_("%(year)s off: %(days)s"), N_("%(year)s worked: %(days)s")
    parts = [
        words.of(text, year=number, days=words.listed(f"{day:%m-%d}" for day in days))
        for number, year in Holidays(years=years).years.items()
        for text, days in ((off, year.off), (work, year.work))
        if days
    ]
    return words.claims(parts)


_SAY: dict[Shape, Callable[[PolicyWording, Any], str]] = {
    Shape.TERM: lambda wording, value: wording.term(value),
    Shape.TERMS: lambda wording, value: wording.terms(value),
    Shape.NUMBER: lambda _, value: f"{value:g}",
    Shape.NUMBERS: lambda wording, value: wording.words.listed(f"{number:,}" for number in value),
    Shape.WHO: lambda wording, value: wording.who(_one_or_many(value)),
    Shape.CHANNELS: lambda wording, value: wording.channels(value),
    Shape.EVENTS: lambda wording, value: wording.events(value),
    Shape.LEVELS: lambda wording, value: wording.levels(value),
    Shape.LEVEL: lambda wording, value: wording.words.label("level", value),
    Shape.CATEGORY: lambda wording, value: wording.words.label("category", value),
    Shape.ROLES: lambda wording, value: wording.words.listed(
        wording.words.label("role", role) for role in value
    ),
    Shape.MEASURES: lambda wording, value: wording.measures(value),
    Shape.STEPS: lambda wording, value: wording.steps(value.items()),
    Shape.CHOICE: lambda wording, value: wording.words.of(CHOICE_WORDS[str(value)]),
    Shape.START: lambda wording, value: wording.words.of(STARTS_WORDS[str(value)]),
    Shape.YES: lambda wording, value: wording.words.of(CHOICE_WORDS["yes" if value else "no"]),
    Shape.WORD: lambda _, value: str(value),
    Shape.HOURS: lambda _, value: "–".join(value),
    Shape.HOLIDAYS: _holidays,
}
