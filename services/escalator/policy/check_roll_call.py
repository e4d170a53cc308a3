"""A roll call must be gentle: by a table that says within which hours, answered by whoever is asked, and begun within
these hours.
"""

from datetime import datetime

from cronsim import CronSim, CronSimError

from services.escalator.policy.findings import Findings
from services.escalator.policy.inherit import triggers_of, whole_rule
from services.escalator.policy.model import RollCallTable
from shared.case import ROLL_CALL
from shared.message import N_, said

MOMENTS = 12
"""Of its calendar that are looked at: a year of a monthly one."""


def roll_calls_are_gentle(findings: Findings) -> None:
    document = findings.policy.document
    for name in findings.sorts:
        rule, spec = whole_rule(document, name), document.duties[name]
        if f"established.{ROLL_CALL}" not in triggers_of(rule):
            continue
        if document.roll_call is None:
            findings.fault(
                N_("a roll call needs its hours: write the table `roll_call: { within: P1D, hours: … }`"),
                "duties",
                name,
                "on",
            )
            continue
        if spec.by not in (None, "recipient"):
            findings.fault(
                N_("whoever is asked answers: write `by: recipient`, and `to: everybody`"),
                "duties",
                name,
                "by",
            )
        if rule.get("every") and not _fits(rule["every"], document.roll_call):
            findings.fault(
                said(
                    N_(
                        "it would not begin within %(hours)s, with its spread: choose another hour, or other hours"
                    ),
                    hours=document.roll_call.hours,
                ),
                "duties",
                name,
                "every",
            )


def _fits(cron: str, table: RollCallTable) -> bool:
    begins, ends = table.begin_and_end()
    try:
        moments = CronSim(cron, datetime(2026, 1, 1))  # noqa: DTZ001 - any year: by the clock on the wall
        starts = [next(moments) for _ in range(MOMENTS)]
    except (CronSimError, StopIteration):
        return True  # said of it elsewhere
    return all(
        begins <= start.time()
        and (start + table.spread).date() == start.date()
        and (start + table.spread).time() <= ends
        for start in starts
    )
