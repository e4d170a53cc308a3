"""The limits that a contingency plan sets itself: the day it must be reviewed by, and how often it is drilled
(DOMAIN row 27).

Invariant: a plan that was reviewed owes the next review only once the directory names another day; a day that is
changed moves the limit of what is still owed, and takes back no lapse.
"""

from datetime import UTC, datetime, time

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import move_limit
from services.escalator.policy.rule import DutyRule, GivenLimit
from shared.case import DutyState
from shared.directory.plans import ContingencyPlan
from shared.facts import Reason
from shared.ids import PlanId


def plan_limit(draft: Draft, rule: DutyRule, start: datetime) -> datetime | None:
    """None where the plan names no limit, or what it names has been done already."""
    plan = _plan(draft)
    if plan is None:
        return None
    if rule.given is GivenLimit.REVIEW_BY:
        end = datetime.combine(plan.review_by, time.max, draft.policy.zone).astimezone(UTC)
        known = any(duty.rule == rule.name and duty.due_at == end for duty in draft.duties.values())
        return None if known else end
    return start + plan.drill_every if plan.drill_every is not None else None


def follow_the_plan(draft: Draft) -> None:
    """The directory's entry is another one, perhaps: what is owed goes by it."""
    for duty in draft.owed():
        rule = draft.policy.rule_named(duty.rule, draft.sort)
        due_at = (
            plan_limit(draft, rule, duty.starts_at)
            if rule is not None and rule.given is not GivenLimit.GIVEN
            else None
        )
        if due_at is not None and duty.state is DutyState.OPEN:
            move_limit(draft, duty, due_at, Reason.PLAN_CHANGED)


def _plan(draft: Draft) -> ContingencyPlan | None:
    standing = draft.case.standing
    if standing is None or standing.watch != "plan":
        return None
    return draft.directory.plans_by_id.get(PlanId(standing.subject))
