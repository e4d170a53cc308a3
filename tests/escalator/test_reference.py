"""`decide` and a naive model of the same rules agree on random histories, step by step, to the moment and to
the person called.
"""

import os
from random import Random
from typing import Any, cast

import pytest

from shared.case import Case, Duty, Task
from shared.facts import Acknowledgement, CaseAct, Deliveries, EffectKind, Purpose
from shared.territory import may, may_acknowledge
from shared.vocabulary import Kind, ReportKind
from tests.escalator.builders import default_rules
from tests.escalator.histories import History, Step
from tests.escalator.reference_acts import Model

RULES = default_rules()
HISTORIES = int(os.environ.get("FENGHUO_HISTORIES", "300"))
"""How many random histories are compared: some in the suite; 10,000 by FENGHUO_HISTORIES=10000."""
LENGTH = 25
BATCHES = 10
ACTS = (
    Kind.FOLLOWED_UP,
    Kind.FILED,
    Kind.PROGRESSED,
    Kind.TRANSFERRED,
    Kind.ACCEPTED,
    Kind.OBJECTED,
    Kind.IMPOSED,
    Kind.RESOLVED,
    Kind.CLOSED,
    Kind.REOPENED,
    Kind.WITHDRAWN,
    Kind.REGRADED,
    Kind.ASSIGNED,
    Kind.EXTENSION_ASKED,
    Kind.EXTENSION_DECIDED,
    Kind.COMPLETED,
    Kind.RETURNED,
    Kind.VERIFIED,
    Kind.SNOOZED,
    Kind.PAUSED,
    Kind.RESUMED,
    Kind.SECONDED,
    Kind.CONTESTED,
)
KINDS = (
    ReportKind.OPINION,
    ReportKind.DISPUTE,
    ReportKind.HAZARD,
    ReportKind.PETITION,
    ReportKind.COMPLAINT,
    ReportKind.TASK,
    ReportKind.SUPERVISION_ORDER,
    ReportKind.PUBLICATION,
    ReportKind.VISIT,
)


class Told(History):
    """Of what the naive model knows: nothing is matched, this case is merged into no other, no duty is picked
    out by its id.
    """

    def system(self) -> None:
        self.absorb()

    def fields(self, kind: Kind) -> dict[str, Any]:
        return super().fields(kind) | {"duty": None}

    def fitting(self) -> list[Any]:
        return [
            (kind, unit, {name: value for name, value in given.items() if name != "duty"})
            for kind, unit, given in super().fitting()
        ]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_decide_and_the_naive_model_agree(batch: int) -> None:
    for seed in range(batch * HISTORIES // BATCHES, (batch + 1) * HISTORIES // BATCHES):
        compare(seed)


def compare(seed: int) -> None:
    history = Told(Random(seed), RULES, acts=ACTS, kinds=KINDS).play(LENGTH)
    model = Model(RULES.policy.text, RULES.directory)
    for step in history.steps:
        counted = told(model, history, step)
        where = f"seed {seed}, fact {step.decision.about.sequence}: {step.kind} at {step.at:%m-%d %H:%M:%S}"
        refused = [effect.why for effect in step.decision.effects if effect.kind is EffectKind.REFUSED]
        assert counted == (not refused), f"{where}: {refused or 'not refused'} {step.data}"
        mine, theirs = by_model(model), by_decide(step.after)
        for name in mine:
            assert mine[name] == theirs[name], (
                f"{where}: {name}\nmodel  {_differing(mine[name], theirs[name])}\n{step.data}"
            )
        pursued = {
            (sent.data["rule"], sent.data["unit"])
            for sent in step.decision.sends
            if sent.kind is Kind.REFERRED
        }
        assert pursued <= model.accused, f"{where}: {pursued - model.accused} have met their duty"
        calls = {
            (notice.person, notice.purpose.value)
            for notice in step.decision.notices
            if notice.purpose is not Purpose.NEWS
        }
        assert model.calls == calls, (
            f"{where}: only the model calls {model.calls - calls}, only decide {calls - model.calls}\n{step.data}"
        )


def told(model: Model, history: History, step: Step) -> bool:
    number = step.decision.about.sequence
    if not isinstance(step.data, Deliveries):
        return model.fact(step.kind, step.at, number, step.data, standing=has_standing(step))
    done = step.data.deliveries[0]
    notice = next(one for one in history.notices() if one.id == done.notice)
    call = int(notice.id.split(".")[1]), notice.person, notice.purpose.value
    return model.fact(step.kind, step.at, number, (call, done.channel, done.state))


def has_standing(step: Step) -> bool:
    if step.before is None:
        return True
    if isinstance(step.data, Acknowledgement):
        return may_acknowledge(step.data, step.before, RULES.directory, step.at) is None
    if not isinstance(step.data, CaseAct):
        return True
    act = step.data
    return (
        may(
            act.by,
            step.kind,
            step.before,
            RULES.directory,
            step.at,
            task=act.task,
            duty=act.duty,
            person=act.to_person,
        )
        is None
    )


def by_model(model: Model) -> dict[str, Any]:
    case, offer = model.case, model.case["transfer"]
    return {
        "case": (
            case["status"],
            case["holder"],
            case["level"],
            case["sensitive"],
            case["bounces"],
            offer and (offer["to"], offer["superior"]),
        ),
        "tasks": [
            (
                one["state"],
                one["unit"],
                one["due"],
                one["slip"],
                one["bounces"],
                bool(one["transfer"]),
                one["asked"],
            )
            for one in model.tasks.values()
        ],
        "duties": [
            (
                *(
                    one["rule"],
                    one["task"],
                    one["unit"],
                    one["bearer"],
                    one["state"],
                    one["start"],
                    one["due"],
                    one["lapse"],
                    one["done"],
                ),
                *(
                    [at for at, _ in one["reminders"]],
                    [at for at, _ in one["overdue"]],
                    one["chain"] if one["next"] else [],
                    one["next"],
                ),
                *(
                    one["nag"],
                    one["snooze"],
                    one["paused"],
                    one["taken"],
                    [lit["person"] for lit in one["lits"]],
                    one["slip"],
                ),
            )
            for one in model.duties
        ],
        "clock": model.next_moment(),
    }


def by_decide(case: Case) -> dict[str, Any]:
    offer = case.transfer
    return {
        "case": (
            case.status,
            case.holder,
            case.level,
            case.sensitive,
            case.bounces,
            offer and (offer.to_unit, offer.superior),
        ),
        "tasks": [_task(one) for one in case.tasks],
        "duties": [_duty(one) for one in case.duties],
        "clock": case.clock_at,
    }


def _task(one: Task) -> tuple[Any, ...]:
    asked = one.extension.due_at if one.extension is not None and one.extension.granted is None else None
    return one.state, one.unit, one.due_at, one.slip, one.bounces, one.transfer is not None, asked


def _duty(one: Duty) -> tuple[Any, ...]:
    return (
        *(
            one.rule,
            one.task,
            one.owed_by,
            one.bearer,
            one.state,
            one.starts_at,
            one.due_at,
            one.lapse and one.lapse.at,
            one.discharged_at,
        ),
        *(
            [each.at for each in one.reminders],
            [each.at for each in one.overdue],
            list(one.chain) if one.next_link_at else [],
            one.next_link_at,
        ),
        *(
            one.nag_at,
            one.snoozed_until,
            one.paused_at,
            one.taken_by,
            [lit.person for lit in one.lit],
            one.slip,
        ),
    )


def _differing(mine: Any, theirs: Any) -> str:
    """What only one of the two has, said so that a person can look for it."""
    if not isinstance(mine, list):
        return f"{mine}\ndecide {theirs}"
    rows = cast(list[tuple[Any, ...]], mine)
    pairs = [(one, other) for one, other in zip(rows, theirs, strict=False) if one != other]
    if not pairs:
        return f"{[one[0] for one in rows]}\ndecide {[one[0] for one in theirs]}"
    one, other = pairs[0]
    return (
        "\n".join(f"  {a} ≠ decide {b}" for a, b in zip(one, other, strict=True) if a != b)
        + f"\n  in {one[:5]}"
    )
