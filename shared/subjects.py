"""Every NATS subject of the system is built here and nowhere else.

A case's facts all travel in one of sixteen lanes, chosen by its id, so that a lane's single consumer sees
them in order. The case itself is not part of a fact's subject: the broker keeps memory for every distinct
subject for ever.
"""

from zlib import crc32

from shared.ids import CaseId

LANES = 16

REPORT_SUBMIT = "report.submit"
"""What a source asks. The broker maps it (config/nats.conf): the core sees `report.submit.<source>`, whatever
the source says it is.
"""
REPORT_SUBMIT_ALL = "report.submit.*"
HEARTBEAT = "heartbeat"
"""`inbox.heartbeat.<source>`: a sign of life, whatever stands in it."""
CHECKPOINT = "trail.checkpoint"
TRAIL_WRITER = "_INBOX.audit.writer"
"""Who writes the trail, asked by an audit that stands by: among the audits alone, whose inbox it is."""
FACTS_ALL = "fact.*.*"
OWN_SUBJECTS = frozenset(("fact", "clock", "inbox", "report", "trail", "nothing"))
"""First words of what is ours; those of the broker begin with `$` or `_`."""


def lane_of(case: str) -> int:
    """The lane (0 to 15) of a case, or of any other key that facts must stay in order for."""
    return crc32(case.encode()) % LANES


def fact_subject(case: str, kind: str) -> str:
    return f"fact.{lane_of(case)}.{kind}"


def inbox_subject(format_name: str, source: str) -> str:
    return f"inbox.{format_name}.{source}"


def source_in(subject: str) -> str:
    """Whose message it is: of `inbox.<format>.<source>` and of `report.submit.<source>`, which nobody but
    that source can publish to.
    """
    return subject.rsplit(".", 1)[1]


def report_submit_subject(source: str) -> str:
    """As the core sees a request of that source."""
    return f"{REPORT_SUBMIT}.{source}"


def armed_subject(case: CaseId) -> str:
    """Where a case's one pending clock is held; publishing there again replaces it."""
    return f"clock.armed.{lane_of(case)}.{case}"


def due_subject(case: CaseId) -> str:
    """Where the broker publishes a clock that has struck."""
    return f"clock.due.{lane_of(case)}.{case}"
