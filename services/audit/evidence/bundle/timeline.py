"""The timeline of a case for a reader: who owed what by when, who answered, what lapsed, each line with the
number of its record.

Invariant: derived from the records and nothing else but the directory's names; pure. It is an aid: the
records are the evidence, and the page says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment

from services.audit.evidence.bundle.evidence import Evidence, ProvenRecord, keeping_of
from services.audit.reading.titles import titles_of
from services.audit.records import record
from services.audit.records.keeping import Erasure
from shared.case import DutyState
from shared.facts import EffectKind, Name, Outage
from shared.facts.body import EffectBody
from shared.facts.distrust import Distrust
from shared.forms import NO_FORMS, Forms
from shared.language.catalogue import name_in
from shared.language.words import Words
from shared.story.narrator import Narrator, Titles
from shared.story.reading import Moment, RecordedFact, moments_of, task_titles
from shared.story.telling import Sentences, tell
from shared.vocabulary import Language
from shared.web.environment import environment
from shared.web.names import Names

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class TimelineDuty:
    """One duty from opening to end. `state` is a label of group `duty`."""

    duty: str
    title: Name | None
    who: Name | None
    unit: Name | None
    due: datetime | None
    was: datetime | None
    """The first limit, where it moved."""
    state: str
    at: datetime | None = None
    """When it was done, lapsed or cancelled."""
    late: timedelta | None = None
    stood_in: Name | None = None
    excuses: tuple[str, ...] = ()
    outage: Outage | None = None
    records: tuple[int, ...] = ()


@dataclass(frozen=True)
class TimelineMoment:
    """A moment of the story, with what stands on record about its records themselves."""

    moment: Moment
    erased: tuple[Erasure, ...] = ()
    shown: bool = True
    """Anything of the message is here."""
    distrust: Distrust | None = None
    """Why it is no authentic fact: nobody did what it says."""

    @property
    def at(self) -> datetime:
        return self.moment.at


@dataclass(frozen=True)
class Timeline:
    evidence: Evidence
    first: ProvenRecord
    moments: tuple[TimelineMoment, ...]
    duties: tuple[TimelineDuty, ...]
    titles: Mapping[str, Name]
    days: tuple[tuple[date, tuple[TimelineMoment, ...]], ...]

    @property
    def title(self) -> str | None:
        """What the case's report says it is about."""
        return self.first.data.text("summary") or self.first.data.text("title")

    @property
    def matter(self) -> tuple[tuple[str, str], ...]:
        """(value, group of labels), as far as the report says."""
        fields, kind = self.first.entry.fields, self.first.data.text("kind")
        found = ((kind, "kind"), (fields["category"], "category"), (fields["level"], "level"))
        return tuple((value, group) for value, group in found if isinstance(value, str))

    @property
    def ends_at(self) -> datetime:
        return record.utc(self.evidence.last.rec.broker)


def timeline(evidence: Evidence, names: Names, zone: ZoneInfo) -> Timeline:
    erased = keeping_of(evidence.records).erasures
    of_number = {proven.rec.number: proven for proven in evidence.records}

    def moment_of(moment: Moment) -> TimelineMoment:
        proven = of_number[moment.numbers[0]]
        orders = tuple(erased.get(proven.rec.index, ()))
        return TimelineMoment(moment, orders, proven.shown, proven.rec.distrust or None)

    moments = tuple(map(moment_of, moments_of(map(_recorded, evidence.records))))
    titles = _titles(evidence)
    return Timeline(
        evidence,
        evidence.records[0],
        moments,
        _duties(evidence, names, titles),
        titles,
        _by_day(moments, zone),
    )


def _recorded(proven: ProvenRecord) -> RecordedFact:
    rec = proven.rec
    return RecordedFact(rec.sequence, rec.number, record.utc(rec.broker), proven.kind, proven.data)


def _by_day(
    moments: Sequence[TimelineMoment], zone: ZoneInfo
) -> tuple[tuple[date, tuple[TimelineMoment, ...]], ...]:
    days: dict[date, list[TimelineMoment]] = {}
    for moment in moments:
        days.setdefault(moment.at.astimezone(zone).date(), []).append(moment)
    return tuple((day, tuple(found)) for day, found in days.items())


_ENDS: Mapping[str, DutyState] = {
    EffectKind.DISCHARGED: DutyState.DISCHARGED,
    EffectKind.LAPSED: DutyState.LAPSED,
    EffectKind.CANCELLED: DutyState.CANCELLED,
}


def _duties(evidence: Evidence, names: Names, titles: Mapping[str, Name]) -> tuple[TimelineDuty, ...]:
    """By the effects of the decisions: the state of each duty is what was decided, never worked out here."""
    duties: dict[str, TimelineDuty] = {}
    for proven in evidence.records:
        at = record.utc(proven.rec.broker)
        for effect in proven.data.effects:
            if effect.duty is None:
                continue
            line = duties.get(effect.duty)
            if line is None:
                if effect.kind != EffectKind.OPENED:
                    continue
                unit = names.unit(effect.unit) if effect.unit else None
                who = names.person(effect.person) if effect.person else None
                line = TimelineDuty(
                    effect.duty, titles.get(effect.duty_rule), who, unit, effect.due, None, DutyState.OPEN
                )
            duties[effect.duty] = _moved_on(line, effect, at, proven.rec.number, names)
    return tuple(duties.values())


def _moved_on(
    line: TimelineDuty, effect: EffectBody, at: datetime, number: int, names: Names
) -> TimelineDuty:
    has_lapsed = line.state == DutyState.LAPSED
    if effect.kind == EffectKind.MOVED:
        line = replace(line, due=effect.due or line.due, was=line.was or effect.was or line.due)
    elif effect.kind in _ENDS:
        late = timedelta(seconds=effect.late_by) if effect.late_by and effect.late_by >= 1 else None
        is_late = effect.kind == EffectKind.DISCHARGED and (late is not None or has_lapsed)
        state = DutyState.LAPSED_DISCHARGED if is_late else _ENDS[effect.kind]
        if not (has_lapsed and effect.kind == EffectKind.CANCELLED):
            line = replace(
                line, state=state, at=at, late=late or (line.late if state.startswith("lapsed") else None)
            )
        if (stood_in := effect.text("stood_in")) is not None:
            line = replace(line, stood_in=names.person(stood_in))
        if effect.kind == EffectKind.LAPSED:
            line = replace(line, excuses=effect.texts("excuses"), outage=effect.outage)
    elif effect.kind != EffectKind.OPENED:
        return line
    return replace(line, records=tuple(dict.fromkeys((*line.records, number))))


def _titles(evidence: Evidence) -> dict[str, Name]:
    """Rule → what it is called in the policies the case was decided under."""
    return {rule: title for policy in evidence.policies for rule, title in titles_of(policy.text).items()}


@cache
def _environment(language: Language, zone: ZoneInfo) -> Environment:
    return environment(language, zone, [_HERE / "templates"], {"zone": zone})


def page(
    case_timeline: Timeline,
    language: Language,
    zone: ZoneInfo,
    names: Names,
    vkey_name: str,
    forms: Forms = NO_FORMS,
) -> bytes:
    """One self-contained file, for the screen and for A4."""

    def text(name: Name) -> str:
        return name_in(name, language)

    def clock(at: datetime) -> str:
        return at.astimezone(zone).strftime("%H:%M:%S")

    def when(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    moments = [one.moment for one in case_timeline.moments]
    titles = Titles(duties=case_timeline.titles, tasks=task_titles(moments))
    teller = Narrator(Words(language), zone, names, titles, forms)

    def telling(one: TimelineMoment) -> Sentences:
        text = teller.words.label("distrust", one.distrust) if one.distrust else None
        return tell(one.moment, teller, text)

    template = _environment(language, zone).get_template("timeline.html")
    signed = case_timeline.evidence.signed
    return template.render(
        told=case_timeline,
        telling=telling,
        evidence=case_timeline.evidence,
        fields=case_timeline.first.entry.fields,
        names=names,
        clock=clock,
        when=when,
        offset=_offset(case_timeline.moments[0].at, zone),
        signed_at=record.utc(signed.time),
        text=text,
        utc=record.utc,
        key=vkey_name,
    ).encode()


def _offset(at: datetime, zone: ZoneInfo) -> str:
    text = at.astimezone(zone).strftime("%z")
    return f"{zone.key}, UTC{text[:3]}:{text[3:]}"
