"""From facts to the lines of a story: who was lit, by which channel, what is due when. Pure: no clock, no
screen.

Invariant: every line is made from facts as they stand in FACTS, never from what the demo did to cause them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from fenghuo.demo.ledger import REPORT, in_words
from shared.directory import Directory
from shared.facts import (
    Acknowledgement,
    Decision,
    Deliveries,
    Effect,
    EffectKind,
    Fact,
    LapseCause,
    Reason,
    Rejection,
    Report,
    read_decision,
)
from shared.ids import PersonId, PostId, UnitId
from shared.vocabulary import Kind

TAGS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VIA = {
    "link": "the link in the message",
    "api": "their own system",
    "desk": "the desk",
    "logged_call": "a logged telephone call",
}


class Tone(StrEnum):
    NEWS = "bold"
    LIT = "yellow"
    WELL = "green"
    DARK = "magenta"
    BAD = "bold red"
    QUIET = "dim"


WORDS = {
    EffectKind.CANCELLED: ("ended", Tone.QUIET),
    EffectKind.REFUSED: ("refused", Tone.BAD),
    EffectKind.STATUS: ("status", Tone.WELL),
    EffectKind.HOLDER: ("holder", Tone.NEWS),
    EffectKind.SLIPPED: ("slip", Tone.LIT),
    EffectKind.TOLD: ("told", Tone.LIT),
    EffectKind.REGRADED: ("regraded", Tone.NEWS),
    EffectKind.MOVED: ("moved", Tone.QUIET),
    EffectKind.PAUSED: ("paused", Tone.QUIET),
    EffectKind.RESUMED: ("resumed", Tone.QUIET),
    EffectKind.SNOOZED: ("snoozed", Tone.QUIET),
    EffectKind.UNACKNOWLEDGED: ("quiet", Tone.DARK),
    EffectKind.HELD: ("held", Tone.QUIET),
    EffectKind.TASK: ("task", Tone.NEWS),
    EffectKind.SUSPECTED: ("suspected", Tone.BAD),
    EffectKind.MATCHED: ("matched", Tone.WELL),
    EffectKind.PROPOSED: ("proposed", Tone.NEWS),
    EffectKind.RAISED: ("raised", Tone.NEWS),
    EffectKind.GAP: ("gap", Tone.DARK),
    EffectKind.COMMAND: ("command", Tone.NEWS),
}
"""How a line begins where the effect has no sentence of its own."""


@dataclass(frozen=True)
class StoryLine:
    """One line of the story: `tag` tells the cases apart, `who` did or got what `text` says."""

    at: datetime
    tag: str
    word: str
    text: str
    tone: Tone
    who: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        return f"{', '.join(self.who)}{self.text}"


def merged(lines: Iterable[StoryLine]) -> Iterator[StoryLine]:
    """What several people did alike, side by side, becomes one line."""
    waiting: StoryLine | None = None
    for line in lines:
        if (
            waiting
            and line.who
            and (waiting.tag, waiting.word, waiting.text) == (line.tag, line.word, line.text)
        ):
            waiting = replace(waiting, who=(*waiting.who, *line.who))
            continue
        if waiting:
            yield waiting
        waiting = line
    if waiting:
        yield waiting


WORDS_OF_SILENCE = {EffectKind.DARK: "dark", EffectKind.UNREACHED: "not reached"}
SILENCE = {
    "dark_after_wait": "no answer in time",
    "every_channel_failed": "every line failed, no waiting",
    "not_handed_over": "no call could be handed over, the next is lit all the same",
}


@dataclass
class Teller:
    """Remembers what a later line needs from an earlier fact."""

    directory: Directory
    zone: ZoneInfo
    tags: dict[str, str] = field(default_factory=dict[str, str])
    _answers: dict[str, Acknowledgement] = field(default_factory=dict[str, Acknowledgement])

    def tell(self, facts: Iterable[tuple[Fact, datetime]]) -> Iterator[StoryLine]:
        """The lines of a run of facts, each with its broker time; deliveries of one case side by side become
        one line.
        """
        return merged(self._each(facts))

    def _each(self, facts: Iterable[tuple[Fact, datetime]]) -> Iterator[StoryLine]:
        for (case, kind), run in groupby(facts, key=lambda told: (told[0].subject or "", told[0].kind)):
            together = list(run)
            if kind == Kind.DELIVERED:
                yield self._delivered(case, together)
                continue
            for fact, at in together:
                yield from self._lines_of(case, fact, at)

    def _lines_of(self, case: str, fact: Fact, at: datetime) -> Iterator[StoryLine]:
        match fact.kind:
            case Kind.REPORTED:
                yield self._reported(case, Report.model_validate(fact.data), at)
            case Kind.ACKNOWLEDGED:
                self._answers[fact.id] = Acknowledgement.model_validate(fact.data)
            case Kind.FAILED:
                for lost in Deliveries.model_validate(fact.data).deliveries:
                    yield StoryLine(
                        at,
                        self.tag(case),
                        "failed",
                        f"{lost.channel} to {self.person(lost.person)}: {lost.error}",
                        Tone.BAD,
                    )
            case Kind.REJECTED:
                rejection = Rejection.model_validate(fact.data)
                yield StoryLine(at, " ", "rejected", f"{rejection.subject}: {rejection.reason}", Tone.BAD)
            case Kind.DECIDED:
                yield from self._decided(case, read_decision(fact.data), at)
            case _:
                return

    def _reported(self, case: str, report: Report, at: datetime) -> StoryLine:
        self.tags.setdefault(case, TAGS[len(self.tags) % len(TAGS)])
        unit = self.directory.units_by_id[report.unit].name
        origin = report.original
        source = self.directory.sources_by_id.get(origin.source) if origin else None
        by = f", {origin.format} from {source.name.zh} {source.name.en}" if origin and source else ""
        level = f"level {report.level}" if report.level else "no level"
        text = f"{report.summary}\n{unit.zh} {unit.en}, {level}{by}"
        return StoryLine(at, self.tag(case), "reported", text, Tone.NEWS)

    def _delivered(self, case: str, run: list[tuple[Fact, datetime]]) -> StoryLine:
        channels: dict[str, list[str]] = {}
        for fact, _ in run:
            for delivery in Deliveries.model_validate(fact.data).deliveries:
                channels.setdefault(delivery.channel, []).append(self.short(delivery.person))
        text = "; ".join(f"{channel} to {', '.join(people)}" for channel, people in channels.items())
        return StoryLine(run[0][1], self.tag(case), "delivered", text, Tone.QUIET)

    def _decided(self, case: str, decision: Decision, at: datetime) -> Iterator[StoryLine]:
        tag = self.tag(case)
        answer = self._answers.pop(decision.about.id, None)
        openings = [effect for effect in decision.effects if effect.kind is EffectKind.OPENED]
        reports = [effect for effect in openings if effect.why == Reason.OWED_ON_REPORT]
        if reports:
            channels = sorted(
                {channel for notice in decision.notices for channel in notice.channels}, reverse=True
            )
            due = min(effect.due_at for effect in reports if effect.due_at)
            names = ", ".join(self.person(effect.person) for effect in reports)
            yield StoryLine(
                at,
                tag,
                "lit",
                f"by {' and '.join(channels)}, each owed it by {self.clock(due)}:\n{names}",
                Tone.LIT,
            )
        owing: dict[str, list[str]] = {}
        for effect in openings:
            if effect.why != Reason.OWED_ON_REPORT and effect.duty is not None:
                owing.setdefault(self.person(effect.person), []).append(
                    f"{in_words(effect.duty_rule)} by {self.clock(effect.due_at, at)}"
                )
        for person, owed in owing.items():
            yield StoryLine(at, tag, "owes", f": {', '.join(owed)}", Tone.QUIET, (person,))
        alike: dict[tuple[EffectKind, str], list[Effect]] = {}
        for effect in decision.effects:
            alike.setdefault((effect.kind, effect.why), []).append(effect)
        for (kind, why), effects in alike.items():
            if line := self._effects(kind, why, effects, answer):
                word, who, text, tone = line
                yield StoryLine(at, tag, word, text, tone, who)

    def _effects(
        self, kind: EffectKind, why: str, effects: list[Effect], answer: Acknowledgement | None
    ) -> tuple[str, tuple[str, ...], str, Tone] | None:
        first = effects[0]
        people = (person for effect in effects for person in (effect.person, *effect.people) if person)
        who = tuple(dict.fromkeys(map(self.person, people)))
        how = f" by {VIA.get(answer.via, answer.via)}" if answer else ""
        match kind:
            case EffectKind.LIT if why not in (Reason.OWED_ON_REPORT, Reason.OWED):
                return "lit next", who, f", {self._post(first)}", Tone.LIT
            case EffectKind.DARK | EffectKind.UNREACHED:
                return WORDS_OF_SILENCE[kind], who, f": {SILENCE.get(why, in_words(why))}", Tone.DARK
            case EffectKind.REMINDED:
                return "reminded", who, f", due {self.clock(first.due_at)}", Tone.LIT
            case EffectKind.DISCHARGED:
                return self._done(who, how, effects, answered=answer is not None)
            case EffectKind.TAKEN:
                return (
                    "taken",
                    who,
                    f" took it{how}; the chain stops",
                    Tone.WELL,
                )
            case EffectKind.LAPSED:
                return "LAPSED", (), self._lapsed(", ".join(who), effects), Tone.BAD
            case EffectKind.CHAIN_ENDED:
                return "chain end", (), f"nobody is left to light for {', '.join(who)}", Tone.BAD
            case EffectKind.RAISED if why == Reason.LAPSE_REFERRED:
                return None  # the effect that it was referred says so
            case EffectKind.REFERRED:
                return (
                    "referred",
                    (),
                    f"{self._unit(first)}: {_duty_rules(effects)} ({in_words(why)})",
                    Tone.BAD,
                )
            case _ if kind in WORDS:
                word, tone = WORDS[kind]
                return word, who, self._plainly(why, effects), tone
            case _:
                return None

    def _plainly(self, why: str, effects: list[Effect]) -> str:
        """Whatever has no sentence of its own: about what, why, until when, and in whose words."""
        first = effects[0]
        unit = self._unit(first) if first.unit and first.person is None else ""
        moved = f", from {self.clock(first.was)}" if first.was else ""
        parts = [unit, f": {_duty_rules(effects)}" if first.duty else ""]
        parts += [
            f" ({in_words(why)})",
            f"{moved} to {self.clock(first.due_at)}" if first.due_at and first.was else "",
        ]
        return self._with_tags("".join([*parts, f": {first.note}" if first.note else ""]))

    def _with_tags(self, text: str) -> str:
        """Another case by its tag, as its own lines begin."""
        for case, tag in self.tags.items():
            text = text.replace(case, tag)
        return text

    def _done(
        self, who: tuple[str, ...], how: str, effects: list[Effect], *, answered: bool
    ) -> tuple[str, tuple[str, ...], str, Tone]:
        first = effects[0]
        if first.stood_in:
            by = self.person(first.stood_in)
            return "settled", who, f": not reached; {by} answered, the report is settled", Tone.WELL
        late = (
            f", {first.late_by_seconds:.0f} s late: the lapse stays" if first.late_by_seconds else ", in time"
        )
        if answered:
            return "answered", who, f"{how}{late}", Tone.WELL
        return "done", who, f": {_duty_rules(effects)}{late}", Tone.WELL

    def _lapsed(self, names: str, effects: list[Effect]) -> str:
        first = effects[0]
        if first.cause is LapseCause.REPORTED_LATE and first.unit:
            return f"{self._unit(first)} reported {first.late_by_seconds or 0:.0f} s late: on record for each of the {len(effects)} it owed"
        if first.cause is not LapseCause.NOT_ACKNOWLEDGED or _duty_rules(effects) != in_words(REPORT):
            return f"{names}: {_duty_rules(effects)} was not done by the limit ({in_words(first.cause or 'not_done')})"
        stood_in = f"; {self.person(first.stood_in)} stood in" if first.stood_in else "; nobody stood in"
        away = (
            f"; we were away ourselves from {self.clock(first.outage.since)}: not referred"
            if first.outage
            else ""
        )
        return f"{names} had not answered by the limit{stood_in}{away}"

    def tag(self, case: str) -> str:
        return self.tags.get(case, " ")

    def person(self, person: str | None) -> str:
        known = self.directory.people_by_id.get(PersonId(person or ""))
        return f"{known.name.zh} {known.name.en}" if known else person or "?"

    def short(self, person: str) -> str:
        known = self.directory.people_by_id.get(PersonId(person))
        return known.name.zh if known else person

    def _unit(self, effect: Effect) -> str:
        known = self.directory.units_by_id.get(effect.unit or UnitId(""))
        return f"{known.name.zh} {known.name.en}" if known else effect.unit or ""

    def _post(self, effect: Effect) -> str:
        known = self.directory.posts_by_id.get(effect.post or PostId(""))
        return f"{known.name.zh} {known.name.en}" if known else ""

    def clock(self, at: datetime | None, now: datetime | None = None) -> str:
        """The time of day; with the date where it is not that of `now`."""
        if at is None:
            return "?"
        local = at.astimezone(self.zone)
        is_today = now is None or local.date() == now.astimezone(self.zone).date()
        return local.strftime("%H:%M:%S" if is_today else "%m-%d %H:%M:%S")


def _duty_rules(effects: list[Effect]) -> str:
    """The duties of these effects by their rules, each once."""
    return ", ".join(dict.fromkeys(in_words(effect.duty_rule) for effect in effects if effect.duty))
