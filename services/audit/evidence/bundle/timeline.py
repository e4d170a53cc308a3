"""The timeline of a case for a reader: who owed what by when, who answered, what lapsed, each line with the
number of its record.

Invariant: derived from the records and nothing else but the directory's names; pure. It is an aid: the
records are the evidence, and the page says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment

from services.audit.evidence.bundle.evidence import Evidence, ProvenRecord, keeping_of
from services.audit.reading import plain
from services.audit.reading.plain import PlainLine
from services.audit.reading.titles import titles_of
from services.audit.records import record
from services.audit.records.body import EffectBody, FactBody
from services.audit.records.keeping import Erasure
from shared.case import DutyState
from shared.facts import EffectKind, Name, Outage
from shared.facts.distrust import Distrust
from shared.language.catalogue import name_in
from shared.language.labels import LABELS
from shared.vocabulary import Kind, Language
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
class ToldDecision:
    """A decision, under the record it was made on."""

    number: int
    index: int
    effects: tuple[EffectBody, ...]
    notices: list[FactBody]


@dataclass(frozen=True)
class TimelineMoment:
    """One record, or one with the decision made on it."""

    number: int
    index: int
    at: datetime
    claimed: datetime | None
    kind: str
    lines: tuple[PlainLine, ...] = ()
    hand_overs: list[FactBody] = field(default_factory=list[FactBody])
    decisions: tuple[ToldDecision, ...] = ()
    erased: tuple[Erasure, ...] = ()
    shown: bool = True
    """Anything of the message is here."""
    distrust: Distrust | None = None
    """Why it is no authentic fact: nobody did what it says."""

    @property
    def lapse(self) -> bool:
        return any(effect.kind == EffectKind.LAPSED for told in self.decisions for effect in told.effects)


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
    moments: list[TimelineMoment] = []
    by_sequence: dict[float, int] = {}
    erased = keeping_of(evidence.records).erasures
    for proven in evidence.records:
        rec, fact = proven.rec, proven.fact
        if (
            proven.kind == Kind.DECIDED
            and (place := by_sequence.get(proven.data.part("about").number("sequence") or -1)) is not None
        ):
            decision = _told_decision(proven)
            moments[place] = replace(moments[place], decisions=(*moments[place].decisions, decision))
            continue
        decided = proven.kind == Kind.DECIDED
        own = (_told_decision(proven),) if decided else ()
        by_sequence[rec.sequence] = len(moments)
        moments.append(
            TimelineMoment(
                number=rec.number,
                index=rec.index,
                at=record.utc(rec.broker),
                claimed=record.utc(rec.claimed) if rec.claimed else None,
                kind=proven.kind,
                lines=() if proven.kind == Kind.DUE else plain.lines(fact, names),
                hand_overs=proven.data.parts("deliveries"),
                decisions=own,
                erased=tuple(erased.get(rec.index, ())),
                shown=proven.shown,
                distrust=rec.distrust or None,
            )
        )
    titles = _titles(evidence)
    return Timeline(
        evidence,
        evidence.records[0],
        tuple(moments),
        _duties(evidence, names, titles),
        titles,
        _by_day(moments, zone),
    )


def _told_decision(proven: ProvenRecord) -> ToldDecision:
    effects = proven.data.effects
    opened = {effect.duty for effect in effects if effect.kind == EffectKind.OPENED}
    # Whoever is called as the duty opens stands among those told.
    shown = tuple(effect for effect in effects if effect.kind != EffectKind.LIT or effect.duty not in opened)
    return ToldDecision(proven.rec.number, proven.rec.index, shown, proven.data.parts("notices"))


def _by_day(
    moments: list[TimelineMoment], zone: ZoneInfo
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


def page(case_timeline: Timeline, language: Language, zone: ZoneInfo, names: Names, vkey_name: str) -> bytes:
    """One self-contained file, for the screen and for A4."""

    def text(name: Name) -> str:
        return name_in(name, language)

    def clock(at: datetime) -> str:
        return at.astimezone(zone).strftime("%H:%M:%S")

    def when(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    template = _environment(language, zone).get_template("timeline.html")
    signed = case_timeline.evidence.signed
    return template.render(
        told=case_timeline,
        evidence=case_timeline.evidence,
        fields=case_timeline.first.entry.fields,
        names=names,
        clock=clock,
        when=when,
        offset=_offset(case_timeline.moments[0].at, zone),
        signed_at=record.utc(signed.time),
        text=text,
        utc=record.utc,
        causes=LABELS["cause"],
        ways=LABELS["via"],
        key=vkey_name,
    ).encode()


def _offset(at: datetime, zone: ZoneInfo) -> str:
    text = at.astimezone(zone).strftime("%z")
    return f"{zone.key}, UTC{text[:3]}:{text[3:]}"
