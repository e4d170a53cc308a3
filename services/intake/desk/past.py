"""A case as it stood at a moment that is past: what had happened by then, as far as the case keeps its times.

Invariant: nothing that came later is shown as if it had been so then. Where the case does not keep when a call got through,
it counts as not got through yet: a silence that is not certain is nobody's.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from shared.case import Case, Duty, DutyState, Lit
from shared.facts import EffectKind
from shared.ids import DutyId


def as_it_stood(case: Case, at: datetime) -> Case:
    """Its duties, whom they had called, and its log; all else is as it is now, and not for showing."""
    if at >= case.applied.at:
        return case
    cancelled = _cancelled(case)

    def ended_at(duty: Duty) -> datetime | None:
        if duty.state is DutyState.CANCELLED:
            return cancelled.get(duty.id, case.ended_at)
        return duty.discharged_at

    return msgspec.structs.replace(
        case,
        duties=tuple(_duty(duty, at, ended_at(duty)) for duty in case.duties if duty.opened_at <= at),
        log=tuple(entry for entry in case.log if entry.at <= at),
    )


def _cancelled(case: Case) -> dict[DutyId, datetime]:
    """When each duty was cancelled, as far as the log goes back; for the others the end of the case has to do."""
    cancelled: dict[DutyId, datetime] = {}
    for entry in case.log:
        for effect in entry.effects:
            if effect.kind is EffectKind.CANCELLED and effect.duty is not None:
                cancelled.setdefault(effect.duty, entry.at)
    return cancelled


def _duty(duty: Duty, at: datetime, ended_at: datetime | None) -> Duty:
    lapse = duty.lapse if duty.lapse is not None and duty.lapse.at <= at else None
    state = duty.state
    if ended_at is not None and ended_at > at:
        state = DutyState.LAPSED if lapse is not None else DutyState.OPEN
    elif state is DutyState.LAPSED and lapse is None:
        state = DutyState.OPEN
    return msgspec.structs.replace(duty, state=state, lapse=lapse, lit=tuple(_lit(duty.lit, at)))


def _lit(lit: Iterable[Lit], at: datetime) -> Iterable[Lit]:
    for one in lit:
        if one.at > at:
            continue
        answered_at, dark_at = _by(one.answered_at, at), _by(one.dark_at, at)
        handed_over_at = _by(one.handed_over_at, at)
        is_later = one.handed_over_at is not None and handed_over_at is None
        was_over = answered_at is not None or dark_at is not None
        yield msgspec.structs.replace(
            one,
            answered_at=answered_at,
            dark_at=dark_at,
            handed_over_at=handed_over_at,
            delivered=() if is_later else one.delivered,
            failed=one.failed if was_over else (),
            undelivered=one.undelivered if was_over else (),
            spared=one.spared if was_over else (),
            arrived=one.arrived if _by(one.arrived_at, at) else (),
            arrived_at=_by(one.arrived_at, at),
            opened_at=_by(one.opened_at, at),
        )


def _by(moment: datetime | None, at: datetime) -> datetime | None:
    return moment if moment is not None and moment <= at else None
