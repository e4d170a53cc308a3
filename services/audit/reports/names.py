"""The names of the reports: in the address, on the command line, in the table of who is let in."""

from collections.abc import Mapping
from enum import StrEnum


class ReportName(StrEnum):
    TIMELINESS = "timeliness"
    LAPSES = "lapses"
    HOLDING = "holding"
    REACHABILITY = "reachability"
    RESOLUTION = "resolution"
    TREND = "trend"
    WORKLOAD = "workload"
    SUPERVISION = "supervision"
    FORMS = "forms"
    COMPLAINTS = "complaints"
    ROLL_CALLS = "roll_calls"


NARROWED_BY: Mapping[ReportName, tuple[str, ...]] = {
    ReportName.FORMS: ("form", "kind", "topic", "area"),
    ReportName.COMPLAINTS: ("topic", "area"),
}
"""What a report may be asked for besides the window."""
