"""What an act says of the harm is kept with the case, and where the policy says so it grades the case upwards.

Invariant: harm alone never grades a case down, and never against a person: only where a count has grown, and
only to a graver level than the case has. Such a grading opens and tightens what a person's would.
"""

from msgspec.structs import replace

from services.escalator.deciding.acts.regrading import rework
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.gravity import graver
from shared.facts import HARM, CaseAct, EffectKind, HarmCount, Reason
from shared.vocabulary import Category, Level

LEAST = Level.III
"""The lightest level that harm alone gives to a case without one: of level IV its limits would be longer."""


def note_harm(draft: Draft, act: CaseAct) -> None:
    """The counts that the act names are those of the case from now on."""
    said = {name: count for name in HARM if (count := getattr(act, name)) is not None}
    before = draft.case.harm_now
    harm = replace(before, **said)
    if harm == before:
        return
    draft.change(harm=harm)
    draft.note(EffectKind.NOTED, Reason.HARM_UPDATED, harm=harm, harm_was=before)
    if any(getattr(harm, name) > getattr(before, name) for name in HARM):
        sort = draft.sort
        if grade_by_harm(draft, harm, Reason.HARM_GREW):
            rework(draft, sort)


def grade_by_harm(draft: Draft, harm: HarmCount, why: Reason) -> bool:
    """Whether the case is of a graver level by it."""
    case, rule = draft.case, draft.policy.document.grading
    if rule is None or rule.follows_harm != "up" or case.report.category is not Category.ACCIDENT:
        return False
    level = rule.accident.level_of(harm)
    if level is case.level or graver(level, case.level or LEAST) is not level:
        return False
    draft.change(level=level)
    draft.note(
        EffectKind.REGRADED,
        why,
        level=level,
        note=f"{case.level or '-'} → {level}",
        rule=draft.policy.rule("grading", "follows_harm"),
    )
    return True
