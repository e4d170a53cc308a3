"""Reach: a rule that no matter comes to, a variant that a later one hides, a measure never proposed, a report
nobody owes.
"""

from services.escalator.policy.book import Policy
from services.escalator.policy.findings import Findings
from services.escalator.policy.inherit import Section, specs_of
from services.escalator.policy.resolve import PolicyError, fits, triggers_of, whole_rule
from services.escalator.policy.rule import Gravity, MatterChoice
from shared.ids import AreaCode, UnitId
from shared.message import N_, said
from shared.vocabulary import Category, Level, ReportKind

REPORTED_AT_ONCE = (ReportKind.INCIDENT, ReportKind.OPINION)
"""What the half-hour rule of DOMAIN.md is about."""
GRAVE_AT_ONCE = (ReportKind.DISPUTE, ReportKind.HAZARD, ReportKind.PETITION, ReportKind.COMPLAINT)
"""What people report besides; a grave one owes the half hour as well."""


def everything_is_reached(findings: Findings) -> None:
    for name in findings.sorts:
        if not findings.sorts[name]:
            findings.fault(
                N_("no matter can ever be what its `when` asks: correct it"), "duties", name, "when"
            )
            continue
        _variants(findings, Section.DUTIES, name, findings.sorts[name])
        _triggers(findings, name)
    for name, sorts in findings.tell_sorts.items():
        if not sorts:
            findings.fault(
                N_("no matter can ever be what its `when` asks: correct it"), Section.TELLS, name, "when"
            )
        else:
            _variants(findings, Section.TELLS, name, sorts)


def what_is_listed_is_judged(findings: Findings) -> None:
    """`refers: together` puts lapses on a list; somebody must owe it to go through that."""
    document = findings.policy.document
    judges = [name for name, read in findings.read.items() if any("listed" in rule.on for _, rule in read)]
    whens = [whole_rule(document, name).get("when") for name in judges]
    for name, read in findings.read.items():
        listing = [sort for sort, rule in read if rule.plan.refers_together]
        if any(not any(fits(when, sort) for when in whens) for sort in listing):
            findings.fault(
                N_(
                    "nobody says who answers for what is on the list: write a duty `on: listed`, "
                    "`discharged_by: judged.all`, or `refers: true`"
                ),
                Section.DUTIES,
                name,
                "refers",
            )


def _variants(findings: Findings, section: Section, name: str, sorts: list[MatterChoice]) -> None:
    """A variant is reached where it fits some sort and some field of it is the last word there."""
    spec = specs_of(findings.policy.document, section)[name]
    for number, variant in enumerate(spec.variants):
        fields = variant.model_fields_set - {"when"}
        if not fields:
            findings.fault(
                N_("it changes nothing: write what is different, or remove it"),
                section,
                name,
                "variants",
                number,
            )
            continue
        fitting = [sort for sort in sorts if fits(variant.when, sort)]
        if not fitting:
            findings.fault(
                N_("no matter of this rule can be what its `when` asks: correct it"),
                section,
                name,
                "variants",
                number,
                "when",
            )
            continue
        later = spec.variants[number + 1 :]
        if all(
            fields <= {field for one in later if fits(one.when, sort) for field in one.model_fields_set}
            for sort in fitting
        ):
            findings.fault(
                N_("later variants hide it wherever it fits: move it below them, or remove it"),
                section,
                name,
                "variants",
                number,
            )


def _triggers(findings: Findings, name: str) -> None:
    """`lapsed.x` and `discharged.x` come only in matters that x itself is about."""
    document = findings.policy.document
    when = whole_rule(document, name).get("when")
    for trigger in triggers_of(whole_rule(document, name)):
        kind, _, other = trigger.partition(".")
        if kind not in ("lapsed", "discharged") or other not in findings.sorts:
            continue
        theirs = whole_rule(document, other).get("when")
        sorts = [*findings.sorts[name], *findings.sorts[other]]
        if not any(fits(when, sort) and fits(theirs, sort) for sort in sorts):
            findings.fault(
                said(
                    N_("%(trigger)s never happens in a matter of this rule: their `when` exclude each other"),
                    trigger=trigger,
                ),
                "duties",
                name,
                "on",
            )


def no_circle_of_rules(findings: Findings) -> None:
    """A rule that opens on the end of another which opens, in the end, on its own: one limit that has passed
    would open them for ever.
    """
    follows: dict[str, tuple[str, ...]] = {}
    for name in findings.sorts:
        triggers = triggers_of(whole_rule(findings.policy.document, name))
        follows[name] = tuple(
            one.partition(".")[2] for one in triggers if one.partition(".")[0] in ("lapsed", "discharged")
        )
    for name, others in follows.items():
        visited: set[str] = set()
        ahead = list(others)
        while ahead:
            at = ahead.pop()
            if at == name:
                findings.fault(
                    N_(
                        "it opens, in the end, on its own end, for ever: break the circle; `again: true` repeats a duty"
                    ),
                    "duties",
                    name,
                    "on",
                )
                break
            if at not in visited:
                visited.add(at)
                ahead += follows.get(at, ())


def measures_are_reached(findings: Findings) -> None:
    accountability = findings.policy.document.accountability
    if accountability is None:
        return
    for number, rule in enumerate(accountability.measures):
        if number and not rule.when.model_fields_set:
            findings.fault(
                N_("it fits always and hides all above it: write it first"),
                "accountability",
                "measures",
                number,
            )


def no_report_is_missing(findings: Findings) -> None:
    """Every incident and every hit, of whatever level, is owed to somebody who must answer, from the moment
    it is reported.
    """
    for kind in REPORTED_AT_ONCE:
        for level in (None, *Level):
            if not _owes_a_report(findings.policy, kind, level):
                grade = said(N_("of level %(level)s"), level=level) if level else said(N_("without a level"))
                findings.fault(
                    said(
                        N_(
                            "nobody is owed the report of an %(kind)s %(grade)s: a rule on reported, by recipient, must fit it"
                        ),
                        kind=kind,
                        grade=grade,
                    ),
                    "duties",
                )
    for kind in GRAVE_AT_ONCE:
        for level in Level:
            is_grave = findings.policy.document.gravity.of(level, sensitive=False) is Gravity.GRAVE
            if is_grave and not _owes_a_report(findings.policy, kind, level):
                findings.warn(
                    said(
                        N_(
                            "nobody is rung about a %(kind)s of level %(level)s: let a rule on reported, by recipient, fit it"
                        ),
                        kind=kind,
                        level=level,
                    ),
                    "duties",
                )


def _owes_a_report(policy: Policy, kind: ReportKind, level: Level | None) -> bool:
    try:
        for category in Category:
            gravity = policy.document.gravity.of(level, sensitive=False)
            sort = MatterChoice(
                kind, category, None, level, False, AreaCode("000000"), UnitId("another"), gravity
            )
            if not any(rule.plan.by_recipient for rule in policy.rules_on("reported", sort)):
                return False
    except PolicyError:
        pass  # said already, with its line
    return True
