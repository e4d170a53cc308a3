"""A moment of a case said to one reader: who did what, to whom, in time or late, and why.

Invariant: the same moment is the same sentences wherever they are read. No id, enum, rule name or UTC is in
them, as far as the directory and the policy have the names; what a newer version wrote is told in general
words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.facts import Name
from shared.facts.account import AtPost
from shared.facts.body import FactBody
from shared.facts.form import FormBlock
from shared.facts.reason import reason_of
from shared.forms import NO_FORMS, Forms
from shared.forms.words import FormWords
from shared.ids import PlanId
from shared.language import times
from shared.language.labels import ALSO_WHY, LABELS
from shared.language.words import Words
from shared.story import consequences as after
from shared.story import sentences as say
from shared.web.names import Names

SHOWN = 8
"""People, or tasks, named in one sentence."""
NOT_A_PERSON = ("system", "/services/")


@dataclass(frozen=True)
class Titles:
    """What the policy and the case call their duties and tasks."""

    duties: Mapping[str, Name] = field(default_factory=dict[str, Name])
    """By the rule that lays them."""
    tasks: Mapping[str, str] = field(default_factory=dict[str, str])


class Narrator:
    """Says names, limits and reasons to one reader; `telling` puts them into sentences."""

    def __init__(
        self,
        words: Words,
        zone: ZoneInfo,
        names: Names,
        titles: Titles | None = None,
        forms: Forms = NO_FORMS,
    ) -> None:
        self.words, self.zone, self.names, self.forms = words, zone, names, forms
        self.titles = titles or Titles()

    def say(self, message: Name, /, **values: object) -> str:
        return self.words.name(message).format_map(values)

    def at(self, at: datetime | None, now: datetime) -> str:
        return times.minute(at, self.zone, now) if at is not None else "–"

    # Who

    def who(self, by: FactBody, otherwise: str | None = None, post: str | None = None) -> str:
        """By name, with unit as the fact says it, and the post for which they answer, or their role."""
        principal = by.text("person") or by.text("principal") or otherwise or ""
        if not principal or principal.startswith(NOT_A_PERSON):
            return self.words.name(say.THE_SYSTEM)
        unit, role = by.text("unit"), by.text("role")
        return self.words.aside(
            self.words.name(self.names.by(principal)),
            self.unit(unit) if unit else "",
            self.post(post) or (self.words.label("role", role) if role in LABELS["role"] else ""),
        )

    def person(self, person: str, post: str | None = None) -> str:
        return self.words.aside(self.words.name(self.names.person(person)), self.post(post))

    def post(self, post: str | None) -> str:
        """Nothing for a post that is in no directory."""
        name = self.words.name(self.names.post(post)) if post else ""
        return "" if name == post else name

    def unit(self, unit: str) -> str:
        return self.words.name(self.names.unit(unit))

    def people(self, people: Iterable[AtPost]) -> str:
        named = [self.person(one.person, one.post) for one in people]
        text = self.words.listed(named[:SHOWN])
        return self.say(say.MORE_PEOPLE, people=text, count=len(named)) if len(named) > SHOWN else text

    # What

    def duty(self, rule: str | None) -> str:
        title = self.titles.duties.get(rule or "")
        return (
            self.words.name(say.A_DUTY)
            if title is None
            else self.say(say.THE_DUTY, title=self.words.name(title))
        )

    def task(self, task: str) -> str:
        title = self.titles.tasks.get(task)
        return self.words.name(say.A_TASK) if title is None else self.say(say.THE_TASK, title=title)

    def plan(self, plan: str | None) -> str:
        title = self.names.plan(PlanId(plan)) if plan else None
        return (
            self.words.name(say.A_PLAN)
            if title is None
            else self.say(say.THE_PLAN, title=self.words.name(title))
        )

    def form(self, block: FormBlock) -> str:
        """`停供登记：供应企业 望烽供热公司、影响户数 3,200户`."""
        form = self.forms.get(block.id)
        if form is None:
            return self.words.name(block.short or say.A_FORM)
        told = FormWords(self.names, self.words, self.zone).whole(form, block.values)
        title = self.words.name(form.title)
        return self.words.of_somebody(title, told) if told else title

    def about(self, act: FactBody) -> str:
        """What an act is about: a task, a duty, or the case."""
        if (task := act.text("task")) is not None:
            return self.task(task)
        if (duty := act.text("duty")) is not None:
            return self.duty(duty.partition("-")[0])
        return self.words.name(say.THIS_CASE)

    def label(self, group: str, value: str | None, otherwise: Name) -> str:
        known = value is not None and value in LABELS[group]
        return self.words.label(group, value) if known else self.words.name(otherwise)

    def span(self, seconds: float) -> str:
        return self.words.span(timedelta(seconds=seconds))

    # Why

    def why(self, why: str) -> str:
        return self._known_reason(why) or self.words.name(after.OTHER_REASON)

    def _known_reason(self, why: str) -> str | None:
        reason, carried = reason_of(why)
        alone = reason or ""
        if reason is None:
            alone, _, carried = why.partition(":" if ":" in why else ".")
        group = next((group for group in ALSO_WHY if alone in LABELS[group]), None)
        if group is None:
            return None
        text = self.words.label(group, alone)
        more = self._carried(carried) if carried else None
        return self.words.of_somebody(text, more) if more else text

    def _carried(self, carried: str) -> str | None:
        """A figure, a level, or what has words; an id is left out."""
        if carried in LABELS["level"]:
            return self.words.label("level", carried)
        if carried.replace(".", "").replace(":", "").isdigit():
            return carried
        return self._known_reason(carried)
