"""The closed sets of the field, with the words of DOMAIN.md in both languages: the same in events, API and pages."""

from enum import StrEnum


class Kind(StrEnum):
    """What a fact says happened. The CloudEvents type is `cn.fenghuo.<kind>.v1`."""

    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    FOLLOWED_UP = "followed_up"
    TRANSFERRED = "transferred"
    ACCEPTED = "accepted"
    OBJECTED = "objected"
    PROGRESSED = "progressed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    DUE = "due"
    DECIDED = "decided"
    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"


CASE_ACTS = (
    Kind.FOLLOWED_UP,
    Kind.TRANSFERRED,
    Kind.ACCEPTED,
    Kind.OBJECTED,
    Kind.PROGRESSED,
    Kind.RESOLVED,
    Kind.CLOSED,
    Kind.WITHDRAWN,
    Kind.MERGED,
)
"""What people do to a case besides reporting and acknowledging it; all carry the same body."""

ESCALATOR_KINDS = (Kind.REPORTED, Kind.ACKNOWLEDGED, *CASE_ACTS, Kind.DUE, Kind.DELIVERED, Kind.FAILED)
"""What the escalator decides on."""


class ReportKind(StrEnum):
    INCIDENT = "incident"
    OPINION = "opinion"
    DISPUTE = "dispute"
    HAZARD = "hazard"
    PETITION = "petition"


class Category(StrEnum):
    NATURAL_DISASTER = "natural_disaster"
    ACCIDENT = "accident"
    PUBLIC_HEALTH = "public_health"
    PUBLIC_SECURITY = "public_security"


class Level(StrEnum):
    """I is the gravest. Public security may have none."""

    I = "I"  # noqa: E741 - the field's own numerals
    II = "II"
    III = "III"
    IV = "IV"


class Role(StrEnum):
    REPORTER = "reporter"
    DUTY_OFFICER = "duty_officer"
    LEADER = "leader"
    SUPERVISOR = "supervisor"
    DISCIPLINE = "discipline"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    PUBLISHER = "publisher"


class Language(StrEnum):
    ZH = "zh"
    EN = "en"
