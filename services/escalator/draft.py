"""One decision in the making: what changes, who is to be told, and the named reason with the policy line for each.

Invariant: a draft is private to one call of `decide`; a person gets at most one notice of a kind from it, bundling all
duties it is about.
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.escalator.policy.load import Policy
from services.escalator.policy.plan import channels_to
from shared.case import Case, Duty
from shared.directory import Directory, Person
from shared.facts import Brief, Effect, EffectKind, Name, Notice, Purpose, Report
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId


@dataclass(frozen=True)
class Rules:
    """What the escalator works by at the moment of a decision."""

    policy: Policy
    directory: Directory


@dataclass
class _Call:
    """A notice being bundled."""

    person: Person
    post: PostId
    purpose: Purpose
    why: str
    duties: list[DutyId] = field(default_factory=list[DutyId])
    dark: list[Name] = field(default_factory=list[Name])


@dataclass
class Draft:
    """`duties` holds the duties as changed so far, by id, in the case's order."""

    case: CaseId
    report: Report
    reported_at: datetime
    sequence: int
    now: datetime
    rules: Rules
    duties: dict[DutyId, Duty]
    effects: list[Effect] = field(default_factory=list[Effect])
    calls: dict[tuple[PersonId, Purpose], _Call] = field(default_factory=dict[tuple[PersonId, Purpose], _Call])

    def note(self, kind: EffectKind, why: str, duty: Duty | None = None, **more: object) -> None:
        """Record one effect, with the duty's person and unit unless `more` names others."""
        about: dict[str, object] = {}
        if duty is not None:
            about = {"duty": duty.id, "person": duty.owed_to, "unit": duty.owed_by}
        self.effects.append(Effect.model_validate({"kind": kind, "why": why, **about, **more}))

    def call(self, person: Person, post: PostId, purpose: Purpose, why: str, duty: Duty, dark: Name | None = None) -> NoticeId:
        """Tell `person`; a second call in the same decision joins the first. Returns the id of the notice."""
        key = (PersonId(person.id), purpose)
        call = self.calls.setdefault(key, _Call(person, post, purpose, why))
        call.duties.append(duty.id)
        if dark is not None and dark not in call.dark:
            call.dark.append(dark)
        return self._notice_id(list(self.calls).index(key))

    def is_calling(self, person: Person, purpose: Purpose) -> bool:
        """Whether this very decision tells `person` already, so that one more duty joins that notice."""
        return (PersonId(person.id), purpose) in self.calls

    def _notice_id(self, number: int) -> NoticeId:
        return NoticeId(f"{self.case}.{self.sequence}.{number}")

    def notices(self) -> tuple[Notice, ...]:
        return tuple(self._notice(number, call) for number, call in enumerate(self.calls.values()))

    def _notice(self, number: int, call: _Call) -> Notice:
        duties = [self.duties[duty] for duty in call.duties]
        return Notice(
            id=self._notice_id(number),
            person=PersonId(call.person.id),
            post=call.post,
            purpose=call.purpose,
            duties=tuple(call.duties),
            channels=channels_to(call.person, duties[0].plan.channels),
            language=call.person.language,
            brief=self._brief(min(duty.due_at for duty in duties), tuple(call.dark)),
            why=call.why,
        )

    def _brief(self, due_at: datetime, dark: tuple[Name, ...]) -> Brief:
        report, directory = self.report, self.rules.directory
        unit = directory.units_by_id.get(report.unit)
        area = directory.areas_by_code.get(AreaCode(report.area))
        return Brief(
            kind=report.kind,
            category=report.category,
            level=report.level,
            sensitive=report.sensitive,
            exercise=report.exercise,
            unit=report.unit,
            unit_name=unit.name if unit else Name(zh=report.unit, en=report.unit),
            area=report.area,
            area_name=area.name if area else Name(zh=report.area, en=report.area),
            summary=report.summary,
            occurred_at=report.occurred_at,
            learned_at=report.learned_at,
            reported_at=self.reported_at,
            due_at=due_at,
            dark=dark,
        )


def draft_on(case: Case, sequence: int, now: datetime, rules: Rules) -> Draft:
    return Draft(
        case=case.id,
        report=case.report,
        reported_at=case.opened_at,
        sequence=sequence,
        now=now,
        rules=rules,
        duties={duty.id: duty for duty in case.duties},
    )
