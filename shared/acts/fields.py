"""The fields that acts are made of: how each is called on the desk, for the command and in the explorer.

Invariant: every field of an `ActForm` stands here once, in the order in which the command and the explorer
show them. What an act needs of them stands in its declaration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.message import N_
from shared.vocabulary import Category, Document, Level, ReportKind, ReviewCause


class Widget(StrEnum):
    """How a field is filled in on the desk."""

    SELECT = "select"
    MANY = "many"
    LINE = "line"
    NUMBER = "number"
    TIME = "time"
    YES_NO = "yes_no"
    TICK = "tick"
    FILES = "files"


class Named(StrEnum):
    """What a field names of the directory."""

    UNIT = "unit"
    PERSON = "person"
    POST = "post"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Field:
    widget: Widget
    asks: str
    """Beside it on the desk's form."""
    term: str
    """What it is called where it is read, in the explorer; a list is left to the raw text there."""
    help: str
    """What the command's option says."""
    option: str = ""
    """Of the command, where it is not `--<name>`."""
    type: Any = str
    """What the command reads; a time is read as the operator's zone has it."""
    least: int | None = None
    most: int | None = None
    names: Named | None = None
    empty: str = ""
    """What an empty choice means, where it may stay empty."""
    mono: bool = False
    is_harm: bool = False
    """A count of harm: the desk shows these together, under their own heading."""

    @property
    def shown_as(self) -> str:
        """How the explorer reads it."""
        if self.names is not None and self.names is not Named.PLAN:
            return self.names.value
        if self.type in (Level, Category):
            return str(self.type.__name__).lower()
        return {Widget.TIME: "at", Widget.YES_NO: "yes_or_no", Widget.TICK: "yes"}.get(self.widget, "text")


def _count(words: str, help: str) -> Field:  # noqa: A002 - as the field is called
    """Of harm: a whole number; empty means as it was."""
    return Field(Widget.NUMBER, words, words, help, type=int, least=0, is_harm=True)


FIELDS: Mapping[str, Field] = {
    "text": Field(Widget.LINE, "", N_("Text"), "What was found, done or asked; the reason; the evidence."),
    "to_unit": Field(
        Widget.SELECT,
        N_("Which unit"),
        N_("To which unit"),
        "The unit that is asked, or leads from now on.",
        names=Named.UNIT,
    ),
    "to_person": Field(
        Widget.SELECT,
        N_("Who"),
        N_("To whom"),
        "Who takes it from now on.",
        names=Named.PERSON,
        empty=N_("myself"),
    ),
    "into": Field(
        Widget.LINE,
        N_("The other case"),
        N_("Merged into"),
        "The case this one is a duplicate of.",
        mono=True,
    ),
    "percent": Field(
        Widget.NUMBER,
        N_("How far, in percent (may stay empty)"),
        N_("Percent"),
        "How far it is.",
        type=int,
        least=0,
        most=100,
    ),
    "duty": Field(
        Widget.SELECT,
        N_("Which duty"),
        N_("Duty"),
        "The duty it is about, as `fenghuo case --json` names it.",
        empty=N_("all of this case"),
    ),
    "task": Field(
        Widget.SELECT,
        N_("Which task"),
        N_("Task"),
        "The task it is about, e.g. t1; without one, the case.",
        empty=N_("the case itself"),
    ),
    "document": Field(
        Widget.SELECT,
        N_("Which document"),
        N_("Document"),
        "What is handed in.",
        type=Document,
        empty=N_("what is registered"),
    ),
    "deaths": _count(N_("Dead"), "How many are dead by now."),
    "missing": _count(N_("Missing"), "How many are missing."),
    "trapped": _count(N_("Trapped"), "How many are trapped."),
    "injuries": _count(N_("Seriously injured"), "How many are seriously injured."),
    "evacuated": _count(N_("Evacuated"), "How many were taken to safety."),
    "loss": _count(N_("Direct loss in yuan"), "Direct loss in yuan."),
    "category": Field(
        Widget.SELECT,
        N_("What sort of incident"),
        N_("Category"),
        "The category of the incident.",
        type=Category,
    ),
    "level": Field(
        Widget.SELECT,
        N_("Level from now on"),
        N_("Level"),
        "The level from now on.",
        type=Level,
        empty=N_("as it is"),
    ),
    "sensitive": Field(
        Widget.SELECT,
        N_("Sensitive: time, place or people"),
        N_("Sensitive"),
        "Whether grading is ignored from now on.",
        option="--sensitive/--not-sensitive",
        type=bool,
        empty=N_("as it is"),
    ),
    "approve": Field(
        Widget.YES_NO,
        N_("Your decision"),
        N_("Granted"),
        "Granted or not.",
        option="--approve/--refuse",
        type=bool,
    ),
    "due_at": Field(Widget.TIME, N_("Until when"), N_("Limit"), "The limit asked for or granted, ISO 8601."),
    "span": Field(
        Widget.SELECT,
        N_("For how long"),
        N_("For how long"),
        "For how long, e.g. PT10M.",
        empty=N_("as long as the policy allows"),
    ),
    "reply_by": Field(
        Widget.TIME,
        N_("Until when the unit may reply (may stay empty)"),
        N_("Reply until"),
        "Until when the unit may reply, ISO 8601.",
    ),
    "measure": Field(
        Widget.LINE,
        N_("Measure"),
        N_("Measure"),
        "A step of the ladder in force; of an item, what is done against it.",
    ),
    "satisfaction": Field(
        Widget.SELECT,
        N_("How satisfied those are who reported or complained (5 best)"),
        N_("Satisfaction, 5 best"),
        "What those who complained said when asked, 5 the best.",
        type=int,
        least=1,
        most=5,
        empty=N_("nobody was asked"),
    ),
    "plan": Field(
        Widget.SELECT, N_("Which plan"), N_("Contingency plan"), "The contingency plan.", names=Named.PLAN
    ),
    "post": Field(
        Widget.SELECT, N_("Whom to call"), N_("Post"), "The post to call, or signed in for.", names=Named.POST
    ),
    "step": Field(
        Widget.SELECT,
        N_("Which item"),
        N_("Step of the chain"),
        "The step of the chain, 0 being who is owed; of an inventory, the item.",
        type=int,
        least=0,
        empty=N_("a new one"),
    ),
    "becomes": Field(
        Widget.SELECT,
        N_("As what it goes on as a case of its own"),
        N_("Becomes"),
        "Register, take up: it goes on as a case of its own: dispute, hazard or petition.",
        type=ReportKind,
        empty=N_("it stays in the ledger"),
    ),
    "owner": Field(
        Widget.SELECT,
        N_("Who answers for it (may stay empty)"),
        N_("Answers for it"),
        "Who answers for the item.",
        names=Named.PERSON,
    ),
    "acting": Field(
        Widget.TICK,
        N_("Acting, until the commander is back"),
        N_("Acting"),
        "Acting commander or not.",
        option="--acting/--in-person",
        type=bool,
    ),
    "intent": Field(
        Widget.TICK,
        N_("On purpose: concealed, falsified or under-graded"),
        N_("On purpose"),
        "Confirm: on purpose, concealed rather than omitted.",
        option="--intent/--no-intent",
        type=bool,
    ),
    "summary": Field(
        Widget.LINE, N_("In one line"), N_("Summary"), "The item, or the new case, in one line."
    ),
    "causes": Field(
        Widget.MANY,
        N_("What caused it (of a review; several may be chosen)"),
        N_("Causes"),
        "Of a review, a cause it found; may be repeated.",
        option="--cause",
        type=list[ReviewCause],
    ),
    "tasks": Field(
        Widget.MANY,
        "",
        "",
        "What, who, by when: 'title@unit@P3D', 'title@unit,unit@2026-12-01T18:00' (one task each), or without a limit. "
        "All at once: 'title@every:unit@P7D', 'title@every:government', of a sector 'title@every:unit:mine'. Repeat it.",
        option="--assign",
        type=list[str],
    ),
    "files": Field(
        Widget.FILES,
        N_("Photographs, scans, documents (may stay empty)"),
        "",
        "A photograph, a scan, a document to send along; may be repeated.",
        option="--file",
        type=list[Path],
    ),
}
TASK_PARTS: Mapping[str, Field] = {
    "task_title": Field(Widget.LINE, N_("What is to be done"), "", ""),
    "task_units": Field(Widget.MANY, N_("By which unit (several: one task each)"), "", "", names=Named.UNIT),
    "task_every": Field(
        Widget.SELECT, N_("Or by all of them"), "", "", empty=N_("only the units chosen above")
    ),
    "task_sector": Field(Widget.SELECT, N_("Of these only one sector"), "", "", empty=N_("every sector")),
    "task_due_at": Field(Widget.TIME, N_("By when (empty: the policy's term)"), "", ""),
}
"""What the desk asks for in place of `tasks`: the parts of one."""
