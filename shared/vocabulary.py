"""The closed sets of the field, with the words of DOMAIN.md in both languages: the same in events, API and
pages.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What a fact says happened. The CloudEvents type is `cn.fenghuo.<kind>.v1`."""

    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    # Acts of people on a case, down to what the system itself says; all carry a `CaseAct`.
    FOLLOWED_UP = "followed_up"
    FILED = "filed"
    """A document that is owed was handed in: written, verification, final or nil report, plan, statement …"""
    PROGRESSED = "progressed"
    TRANSFERRED = "transferred"
    ACCEPTED = "accepted"
    OBJECTED = "objected"
    IMPOSED = "imposed"
    """The common superior has said who leads."""
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    SPLIT = "split"
    GROWN = "grown"
    """A dispute, petition, hazard or complaint has become an incident."""
    TAKEN_UP = "taken_up"
    """On a visit people have told of a matter, which goes on as a case of its own."""
    REGRADED = "regraded"
    ASSIGNED = "assigned"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_DECIDED = "extension_decided"
    COMPLETED = "completed"
    RETURNED = "returned"
    VERIFIED = "verified"
    """Verified closure 销号 of a task."""
    REGISTERED = "registered"
    """An item of an inventory campaign, with its measure and owner."""
    PLAN_INVOKED = "plan_invoked"
    COMMAND_TAKEN = "command_taken"
    SIGNED_IN = "signed_in"
    HANDED_OVER = "handed_over"
    SNOOZED = "snoozed"
    PASSED_ON = "passed_on"
    """Who is called can't: the next on the chain is called at once."""
    CALL_ASKED = "call_asked"
    """Who is called asks to be rung, or answered in words that a person must read: the duty desk hears it."""
    PAUSED = "paused"
    RESUMED = "resumed"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"
    """Someone jumps the chain to a step, or repeats it from one."""
    CONFIRMED = "confirmed"
    """A suspected omission is one."""
    REFUTED = "refuted"
    STATED = "stated"
    """The unit's or person's own statement in an accountability case."""
    MEASURE_DECIDED = "measure_decided"
    REVIEW_ASKED = "review_asked"
    REVIEWED = "reviewed"
    CORRECTED = "corrected"
    NOTICE_DRAFTED = "notice_drafted"
    NOTICE_APPROVED = "notice_approved"
    NOTICE_REPLIED = "notice_replied"
    NOTICE_PUBLISHED = "notice_published"
    TEXT_APPROVED = "text_approved"
    """One approval of the text of a publication, or its being sent back."""
    SECONDED = "seconded"
    """A second person agrees that an emergency ends early or is graded down, or does not."""
    CONTESTED = "contested"
    """Who is said to have been told by telephone says that it is not so."""
    COMMENTED = "commented"
    ROLL_CALLED = "roll_called"
    """Somebody has everybody of a unit asked now whether they can be reached."""
    # What the system itself says.
    HEARD = "heard"
    """A source has given a sign of life."""
    ESTABLISHED = "established"
    """Something is watched from now on: a roster, a source, a periodic duty, the directory's gaps."""
    MATCHED = "matched"
    """The cross-check found a unit's report for what an outside source knew."""
    ABSORBED = "absorbed"
    """A duplicate was merged into this case, with its clocks."""
    REFERRED = "referred"
    """A lapse was referred to the unit's ledger of accountability."""
    STRAY_REPLY = "stray_reply"
    """Somebody replied, and it belongs to no message: the duty desk sees to it."""
    DUE = "due"
    DECIDED = "decided"
    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"
    CHECKED = "checked"
    """The independent check of open duties against pending clocks found a difference, and what it
    repaired.
    """
    POLICY_DRAFTED = "policy_drafted"
    POLICY_SUBMITTED = "policy_submitted"
    """A draft was laid before a meeting."""
    POLICY_APPROVED = "policy_approved"
    DIRECTORY_CHANGED = "directory_changed"
    """Who is who has changed: people, posts, rosters, absences."""
    DIRECTORY_PROPOSED = "directory_proposed"
    """A change of the directory waits for a second person, or was refused by one."""
    NOTICES_PAUSED = "notices_paused"
    """Whoever runs the system has what can wait wait, for maintenance."""
    NOTICES_RESUMED = "notices_resumed"
    """Somebody ended such a pause before its time."""
    LINKS_REVOKED = "links_revoked"
    """The links that a person was sent about a case until then take no answer any more."""
    # What is done with the record itself; the audit writes it.
    REDACTED = "redacted"
    """Personal fields of records are erased, on a legal basis."""
    HELD = "held"
    """Records are under legal hold: nothing of them may be erased."""
    RELEASED = "released"
    READ = "read"
    """Someone has read the trail, or taken a file from it away."""
    SEALED_RANGE = "sealed_range"
    """Written by earlier versions, which could move old records to files."""


_KINDS = tuple(Kind)
CASE_ACTS = _KINDS[_KINDS.index(Kind.FOLLOWED_UP) : _KINDS.index(Kind.HEARD)]
"""What people do to a case besides reporting and acknowledging it; all carry the same body, and each is
declared in shared.acts.
"""

SYSTEM_ACTS = (Kind.HEARD, Kind.ESTABLISHED, Kind.MATCHED, Kind.ABSORBED, Kind.REFERRED, Kind.STRAY_REPLY)
"""What the system itself says about a case; decided on like any other fact."""

RETIRED_KINDS = (Kind.SEALED_RANGE,)
"""On record in old trails, and read as then; nobody writes them any more."""
DIRECTORY_KINDS = (Kind.DIRECTORY_CHANGED, Kind.DIRECTORY_PROPOSED)
"""What happens to the directory; who is touched by it is told."""

ESCALATOR_KINDS = (
    Kind.REPORTED,
    Kind.ACKNOWLEDGED,
    *CASE_ACTS,
    *SYSTEM_ACTS,
    *DIRECTORY_KINDS,
    Kind.DUE,
    Kind.DELIVERED,
    Kind.FAILED,
)
"""What the escalator decides on."""


class Document(StrEnum):
    """What can be owed in writing; `filed.<document>` in the policy discharges it."""

    WRITTEN_REPORT = "written_report"
    VERIFICATION_REPORT = "verification_report"
    FINAL_REPORT = "final_report"
    NIL_REPORT = "nil_report"
    PLAN = "plan"
    FEEDBACK = "feedback"
    PRESS_RELEASE = "press_release"
    PRESS_CONFERENCE = "press_conference"
    ANALYSIS = "analysis"
    CASE_BULLETIN = "case_bulletin"
    """What was ordered under supervision in a period, and what became of it."""
    REVIEW = "review"
    DRILL_RECORD = "drill_record"
    READING = "reading"
    PRICE_BULLETIN = "price_bulletin"
    """What the readings of a week add up to, for the leaders."""
    STOCK_REPORT = "stock_report"
    RECEIPT = "receipt"
    """Proof of delivery or of publication."""
    SETTLEMENT = "settlement"
    """How a petition or dispute was settled, in writing."""
    INVENTORY = "inventory"
    """A unit's answer to a campaign: what it has listed is all."""


class ReviewCause(StrEnum):
    """Why a report was late or a matter went wrong, as the review after the event finds."""

    AWARENESS = "awareness"
    UNCLEAR_DUTY = "unclear_duty"
    MECHANISM = "mechanism"
    WORK_STYLE = "work_style"


class ReportKind(StrEnum):
    """What sort of matter a case is."""

    INCIDENT = "incident"
    OPINION = "opinion"
    DISPUTE = "dispute"
    HAZARD = "hazard"
    PETITION = "petition"
    COMPLAINT = "complaint"
    """What citizens tell the hotline: heat, water, power and the rest."""
    TASK = "task"
    """Assignments from a meeting, an order, a plan: one case, one or more tasks."""
    CAMPAIGN = "campaign"
    SUPERVISION_ORDER = "supervision_order"
    PUBLICATION = "publication"
    VISIT = "visit"
    ACCOUNTABILITY = "accountability"
    STANDING = "standing"
    """What is watched without anybody reporting: a roster, a source, a periodic duty, a unit's ledger."""


class Addressees(StrEnum):
    """Whom a task is laid on where the directory says who they are."""

    UNIT = "unit"
    """Every unit of the area and of the areas directly below: of the city its departments, firms and counties, of a
    county its departments and townships, of a township its villages.
    """
    GOVERNMENT = "government"
    """The government of each area directly below: of the city every county, of a county every township."""


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
    REDACTOR = "redactor"
    """Erases personal data on a legal basis, and does nothing else."""


class Language(StrEnum):
    ZH = "zh"
    EN = "en"
