"""Facts: everything that happened, appended once, never changed. `envelope` is how they travel, the rest what they say."""

from shared.facts.acts import Acknowledgement, Actor, CaseAct, Deliveries, Delivery, Due, Via
from shared.facts.decision import About, Brief, Clock, Decision, Effect, EffectKind, LapseCause, Name, Notice, Purpose, Rule
from shared.facts.envelope import Fact, FactError, Frozen, Instant, field_errors, rfc3339
from shared.facts.report import Original, Place, Rejection, Report, ReportForm

__all__ = [
    "About",
    "Acknowledgement",
    "Actor",
    "Brief",
    "CaseAct",
    "Clock",
    "Decision",
    "Deliveries",
    "Delivery",
    "Due",
    "Effect",
    "EffectKind",
    "Fact",
    "FactError",
    "Frozen",
    "Instant",
    "LapseCause",
    "Name",
    "Notice",
    "Original",
    "Place",
    "Purpose",
    "Rejection",
    "Report",
    "ReportForm",
    "Rule",
    "Via",
    "field_errors",
    "rfc3339",
]
