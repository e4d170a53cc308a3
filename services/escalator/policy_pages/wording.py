"""What stands in a policy, said to one reader: terms, people, events, matters. Pure.

Invariant: no key, id or ISO term of the file is shown where the directory, the forms or our own lists have
words for it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.escalator.playing.telling import AUDIENCES
from services.escalator.policy.duty_spec import When
from services.escalator.policy.model import Grounds, PolicyDocument
from services.escalator.policy.tell_spec import FORM_AUDIENCE
from services.escalator.policy.terms import Term, fixed_term
from services.escalator.policy_pages.found_words import (
    BEARER_WORDS,
    CHANNEL_WORDS,
    EVENT_WORDS,
    FOUND_WORDS,
    GRAVITY_WORDS,
)
from shared.directory import Directory
from shared.forms import Forms
from shared.forms.faults import CHANGED
from shared.forms.filling import title_of
from shared.ids import AreaCode, PostId, UnitId
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Level

_CRON = re.compile(r"(?P<minute>\d+) (?P<hour>\d+) (?P<day>\S+) (?P<months>\S+) (?P<weekday>\S+)")
_LEVELS = tuple(Level)


@dataclass(frozen=True)
class PolicyWording:
    words: Words
    directory: Directory
    document: PolicyDocument
    forms: Forms

    def term(self, term: Term | timedelta) -> str:
        """`30 minutes`, `5 working days`, `by the end of the 10th`."""
        if isinstance(term, timedelta):
            term = fixed_term(term)
        words = self.words
        if term.is_before:
            return words.of(N_("%(span)s before the limit"), span=self._span(term.fixed))
        if term.percent:
            return words.of(N_("when %(share)s%% of the term are over"), share=term.percent)
        if term.day:
            return words.of(N_("by the end of day %(day)s of the month"), day=term.day)
        if term.working:
            return words.of(N_("%(count)s working days"), count=term.working)
        if term.months:
            months = words.of(N_("%(count)s months"), count=term.months)
            return f"{months} {self._span(term.fixed)}" if term.fixed else months
        return self._span(term.fixed)

    def _span(self, span: timedelta | None) -> str:
        return self.words.span(span or timedelta(0), exact=True) if span else self.words.of(N_("at once"))

    def terms(self, terms: Iterable[Term | timedelta]) -> str:
        return self.words.listed(map(self.term, terms))

    def after_limit(self, term: Term) -> str:
        if not term.fixed and not term.months and not term.working:
            return self.words.of(N_("at the limit"))
        return self.words.of(N_("%(term)s after it"), term=self.term(term))

    def steps(self, steps: Iterable[tuple[Term, Iterable[str]]]) -> str:
        """Whom lateness reaches, and how long after the limit."""
        return self.words.claims(
            self.words.of_somebody(self.after_limit(term), self.who(tell)) for term, tell in steps
        )

    # People

    def who(self, names: Iterable[str]) -> str:
        return self.words.listed(dict.fromkeys(part for name in names for part in self._persons(name)))

    def _persons(self, name: str) -> list[str]:
        if (post := self.directory.posts_by_id.get(PostId(name))) is not None:
            return [self.words.name(post.name)]
        if name in self.document.audiences:
            return [part for post in self.document.audiences[name] for part in self._persons(post)]
        if FORM_AUDIENCE.match(name):
            return [self._of_form(name.partition(".")[2])]
        if name in FOUND_WORDS:
            return [self.words.of(FOUND_WORDS[name])]
        return [self.words.name(AUDIENCES[name])] if name in AUDIENCES else [name]

    def bearer(self, by: str) -> str:
        return self.words.of(BEARER_WORDS[by]) if by in BEARER_WORDS else self.who((by,))

    # What happens

    def events(self, events: Iterable[str]) -> str:
        return self.words.listed(dict.fromkeys(map(self.event, events)))

    def event(self, event: str) -> str:
        whole, _, part = event.partition(".")
        words = self.words
        if event in EVENT_WORDS:
            return words.of(EVENT_WORDS[event])
        if whole == "filed":
            return words.label("document", part)
        if whole in ("lapsed", "discharged"):
            about = self.title(part)
            lapsed, done = N_("%(duty)s lapses"), N_("%(duty)s is done")
            return words.of(lapsed if whole == "lapsed" else done, duty=about)
        if whole == "form":
            return self._of_form(part)
        return words.label("fact", whole)

    def _of_form(self, field: str) -> str:
        form_id, _, part = field.partition(".")
        if (form := self.forms.get(form_id)) is None:
            return self.words.of(N_("what a form says"))
        title = self.words.name(form.title)
        if part == CHANGED:
            return self.words.of(N_("%(form)s: it says something else than before"), form=title)
        field, _, column = part.partition(".")
        named = form.rings.get(field) or form.fields.get(field)
        if named is None:
            return title
        cell = title_of(form, part) if column else None
        said = self.words.aside(self.words.name(named.title), self.words.name(cell.title) if cell else "")
        return self.words.of_somebody(title, said)

    def title(self, duty: str) -> str:
        """What the policy calls the duty; a rule that inherits its title, too."""
        seen: set[str] = set()
        while (spec := self.document.duties.get(duty)) is not None and duty not in seen:
            if spec.title is not None:
                return self.words.name(spec.title)
            seen.add(duty)
            duty = spec.extends or ""
        return self.words.of(N_("another duty"))

    def every(self, cron: str) -> str:
        """A calendar of the policy."""
        parts = _CRON.fullmatch(cron)
        if parts is None:
            return self.words.of(EVENT_WORDS["established.periodic"])
        at = f"{int(parts['hour']):02}:{int(parts['minute']):02}"
        months, day, weekday = parts["months"], parts["day"], parts["weekday"]
        if weekday in "1234567":
            when = self.words.of(N_("each %(weekday)s"), weekday=self.words.label("weekday", weekday))
        elif day.isdecimal():
            when = self.words.of(N_("on day %(day)s of the month"), day=day)
        else:
            when = self.words.of(N_("daily"))
        if months != "*":
            when = self.words.of(
                N_("%(when)s, in month %(months)s"),
                when=when,
                months=self.words.listed(months.replace("-", "–").split(",")),
            )
        return self.words.of(N_("%(when)s at %(at)s"), when=when, at=at)

    def channels(self, names: Iterable[str]) -> str:
        return self.words.listed(
            self.words.of(CHANNEL_WORDS[name]) if name in CHANNEL_WORDS else self.words.label("channel", name)
            for name in names
        )

    # Matters

    def levels(self, levels: Iterable[str]) -> str:
        """`level I, II`; `not graded`; `sensitive`."""
        given = list(dict.fromkeys(map(str, levels)))
        graded = [level for level in given if level in _LEVELS]
        parts = [self.words.of(N_("level %(levels)s"), levels=self.words.listed(graded))] if graded else []
        parts += [self.words.label("level", None)] if "none" in given else []
        parts += [self.words.of(N_("sensitive"))] if "sensitive" in given else []
        return self.words.listed(parts)

    def topics(self, topics: Iterable[str]) -> str:
        return self.words.listed(
            self.words.of(N_("without a topic")) if topic == "none" else self.topic(topic) for topic in topics
        )

    def topic(self, topic: str) -> str:
        return self.words.label("topic", topic)

    def matters(self, when: When | None) -> str:
        """For which matters a rule, or one of its variants, is; empty for all."""
        if when is None:
            return ""
        words = self.words
        parts: list[str] = []
        if when.kind:
            parts.append(words.listed(words.label("kind", kind) for kind in when.kind))
        if when.category:
            parts.append(
                words.listed(
                    words.of(N_("without a category"))
                    if category == "none"
                    else words.label("category", category)
                    for category in when.category
                )
            )
        if when.level:
            parts.append(self.levels(when.level))
        if when.gravity:
            parts.append(words.listed(words.of(GRAVITY_WORDS[gravity]) for gravity in when.gravity))
        if when.sensitive is not None:
            parts.append(words.of(N_("sensitive") if when.sensitive else N_("not sensitive")))
        if when.topic:
            parts.append(self.topics(when.topic))
        if when.area:
            parts.append(words.listed(map(self._area, when.area)))
        if when.unit:
            parts.append(words.listed(map(self._unit, when.unit)))
        return words.claims(parts)

    def _area(self, pattern: str) -> str:
        code, _, below = pattern.partition("/")
        area = self.directory.areas_by_code.get(AreaCode(code))
        name = self.words.name(area.name) if area else code
        return self.words.of(N_("%(area)s with all within"), area=name) if below else name

    def _unit(self, unit: str) -> str:
        found = self.directory.units_by_id.get(UnitId(unit))
        return self.words.name(found.name) if found else unit

    def grounds(self, grounds: Grounds) -> str:
        """What a lapse must be for a measure."""
        words = self.words
        parts: list[str] = []
        if grounds.level:
            parts.append(self.levels(grounds.level))
        if grounds.cause:
            parts.append(words.listed(words.label("cause", cause) for cause in grounds.cause))
        if grounds.late_by is not None:
            parts.append(words.of(N_("late by %(span)s or more"), span=self.term(grounds.late_by)))
        if grounds.repeats is not None:
            parts.append(words.of(N_("lapse number %(count)s of the unit, or later"), count=grounds.repeats))
        for count, text in (
            (grounds.deaths, N_("%(count)s dead or more")),
            (grounds.injuries, N_("%(count)s seriously injured or more")),
            (grounds.loss, N_("a loss of %(count)s yuan or more")),
        ):
            if count is not None:
                parts.append(words.of(text, count=f"{count:,}"))
        if grounds.intent is not None:
            on_purpose, not_so = N_("on purpose, as a person has confirmed"), N_("not on purpose")
            parts.append(words.of(on_purpose if grounds.intent else not_so))
        return words.claims(parts) or words.of(N_("any lapse"))

    def measure(self, measure: str) -> str:
        return self.words.label("measure", measure)

    def measures(self, measures: Sequence[str]) -> str:
        return " → ".join(map(self.measure, measures))
