"""The names of the reports: in the address, on the command line, in the table of who is let in."""

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
