"""The moment an omission is suspected: the cross-check's limit has passed and no unit has told of what an
outside source knew.
"""

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from shared.case import Duty
from shared.facts import EffectKind, Reason


def suspect(draft: Draft, duty: Duty) -> None:
    """The limit of the cross-check has passed and no unit has reported: a suspected omission, against the
    competent unit.
    """
    suspicion = draft.case.suspicion
    if suspicion is not None and suspicion.suspected_at is None:
        draft.change(suspicion=replace(suspicion, suspected_at=draft.now))
        draft.on(
            duty,
            EffectKind.SUSPECTED,
            Reason.NO_UNIT_HAS_REPORTED,
            note=f"{suspicion.source or draft.case.report.unit}: {suspicion.why}",
        )
        draft.happened("suspected")
