"""Names: posts, audiences, bearers, channels, acts and triggers that a policy writes must be there."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.escalator.policy.duty_spec import (
    ACTIONS,
    BEARERS,
    DYNAMIC_AUDIENCES,
    EACH_CHANNEL,
    FIRST_CHANNEL,
    FORM_TRIGGER,
    DutySpec,
    When,
    is_ref,
    known_discharges,
    known_triggers,
)
from services.escalator.policy.findings import Findings
from services.escalator.policy.inherit import Section
from services.escalator.policy.resolve import Path, triggers_of, whole_rule
from services.escalator.policy.tell_spec import (
    FORM_AUDIENCE,
    GRADED_UP,
    TELL_AUDIENCES,
    TellSpec,
    known_events,
)
from shared.ids import PersonId, PostId
from shared.message import N_, said

NO_CHANNEL = N_("nobody in the directory has the channel %(channel)s: declare it there or name another")
NO_APPROVERS = N_(
    "nobody is asked to approve: name posts in public_notice.approvers or publication.approvers"
)
FALLBACK = ("half_hour", "fallback", "chain")


def names_are_known(findings: Findings) -> None:
    document = findings.policy.document
    _posts(findings, document.half_hour.owed_to, ("half_hour", "owed_to"))
    _posts(findings, document.half_hour.fallback.chain, FALLBACK)
    for name, posts in document.audiences.items():
        _posts(findings, posts, ("audiences", name))
        if name in {*DYNAMIC_AUDIENCES, *TELL_AUDIENCES, *ACTIONS} or name in findings.directory.posts_by_id:
            findings.fault(
                said(N_("%(name)s means something else already: choose another name"), name=name),
                "audiences",
                name,
            )
    supervisor = document.tasks.supervised_by if document.tasks else None
    if supervisor is not None and supervisor not in findings.directory.posts_by_id:
        findings.fault(
            said(N_("nobody is %(supervisor)s: write a post of the directory"), supervisor=supervisor),
            "tasks",
            "supervised_by",
        )
    for step in (document.tasks.overdue if document.tasks else {}).items():
        _audience(findings, step[1], ("tasks", "overdue", step[0].text), actions=True)
    if document.tasks and document.tasks.supervised_by is not None:
        _posts(findings, [document.tasks.supervised_by], ("tasks", "supervised_by"))
    approvers = document.public_notice.approvers if document.public_notice else ()
    _posts(findings, approvers, ("public_notice", "approvers"))
    of_texts = document.publication.approvers if document.publication else ()
    _posts(findings, of_texts, ("publication", "approvers"))
    approvers = (*approvers, *of_texts)
    for name, spec in document.duties.items():
        if spec.by == "approver" and not approvers:
            findings.fault(NO_APPROVERS, "duties", name, "by")
    reachable = {entry.channel for person in findings.directory.people for entry in person.channels}
    for number, channel in enumerate(document.half_hour.channels):
        if channel not in reachable:
            findings.fault(said(NO_CHANNEL, channel=channel), "half_hour", "channels", number)
    for name in document.duties:
        _rule(findings, name, reachable)


def tells_are_known(findings: Findings) -> None:
    """Events, audiences, channels and areas of `tells:`."""
    document, directory = findings.policy.document, findings.directory
    events = known_events(frozenset(document.duties))
    reachable = {entry.channel for person in directory.people for entry in person.channels}
    for name, spec in document.tells.items():
        path: Path = (Section.TELLS, name)
        for event in spec.on or ():
            if event not in events and not FORM_TRIGGER.match(event):
                findings.fault(
                    said(
                        N_(
                            "nothing is called %(event)s: write followed_up, filed.<document>, %(graded_up)s, lapsed.<rule> …"
                        ),
                        event=event,
                        graded_up=GRADED_UP,
                    ),
                    *path,
                    "on",
                )
        for terms, at in _with_variants(spec, path):
            to = [name for name in terms.to or () if not FORM_AUDIENCE.match(name)]
            _audience(findings, to, (*at, "to"), at_the_moment=TELL_AUDIENCES)
            _channels(findings, terms.channels or (), at, reachable)
        _whens(findings, spec, path)


def _with_variants(spec: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    yield spec, path
    for number, variant in enumerate(spec.variants):
        yield variant, (*path, "variants", number)


def _channels(findings: Findings, channels: Iterable[str], at: Path, reachable: set[str]) -> None:
    for channel in channels:
        if not is_ref(channel) and channel not in reachable | {EACH_CHANNEL, FIRST_CHANNEL}:
            findings.fault(said(NO_CHANNEL, channel=channel), *at, "channels")


def _rule(findings: Findings, name: str, reachable: set[str]) -> None:
    spec, path = findings.policy.document.duties[name], ("duties", name)
    for terms, at in _with_variants(spec, path):
        if (
            terms.by is not None
            and terms.by not in BEARERS
            and terms.by not in findings.directory.posts_by_id
        ):
            findings.fault(
                said(
                    N_("nobody is %(by)s: write a post of the directory or one of %(bearers)s"),
                    by=terms.by,
                    bearers=tuple(BEARERS),
                ),
                *at,
                "by",
            )
        _audience(findings, terms.to or (), (*at, "to"))
        overdue: dict[str, tuple[str, ...]] = terms.overdue or {}
        for term, tell in overdue.items():
            _audience(findings, tell, (*at, "overdue", term), actions=True)
        if terms.fallback is not None:
            _posts(findings, terms.fallback.chain, (*at, "fallback", "chain"))
        _channels(findings, terms.channels or (), at, reachable)
    _whens(findings, spec, path)


def _whens(findings: Findings, spec: DutySpec | TellSpec, path: Path) -> None:
    for terms, at in _with_variants(spec, path):
        when: When | None = terms.when
        if when is None:
            continue
        for area in when.area or ():
            if area.partition("/")[0] not in findings.directory.areas_by_code:
                findings.fault(
                    said(N_("no area %(area)s in the directory: no matter is ever there"), area=area),
                    *at,
                    "when",
                    "area",
                )
        for unit in when.unit or ():
            if unit not in findings.directory.units_by_id:
                findings.fault(
                    said(N_("no unit %(unit)s in the directory: no matter is ever its"), unit=unit),
                    *at,
                    "when",
                    "unit",
                )


def _posts(findings: Findings, names: Iterable[str], path: Path) -> None:
    """Posts alone: a chain and the half hour ring people, not audiences."""
    named: list[str] = []
    for number, name in enumerate(names):
        if name not in findings.directory.posts_by_id:
            findings.fault(
                said(
                    N_(
                        "no post %(name)s in the directory (version %(version)s): declare it there or name another"
                    ),
                    name=name,
                    version=findings.directory.version,
                ),
                *path,
                number,
            )
        elif not findings.directory.people_by_id[
            PersonId(findings.directory.posts_by_id[PostId(name)].holder)
        ].channels:
            findings.fault(
                said(
                    N_("%(name)s is dark: its holder has no channel; give them one in the directory"),
                    name=name,
                ),
                *path,
                number,
            )
        if name in named:
            findings.fault(said(N_("%(name)s is named twice: remove one"), name=name), *path, number)
        named.append(name)


def _audience(
    findings: Findings,
    names: Iterable[str],
    path: Path,
    *,
    actions: bool = False,
    at_the_moment: tuple[str, ...] = DYNAMIC_AUDIENCES,
) -> None:
    audiences = {*at_the_moment, *findings.policy.document.audiences, *(ACTIONS if actions else ())}
    for name in names:
        if is_ref(name) or name in audiences:
            continue
        if name not in findings.directory.posts_by_id:
            words = tuple(sorted(audiences))
            findings.fault(
                said(
                    N_("nobody is %(name)s: write a post of the directory or one of %(words)s"),
                    name=name,
                    words=words,
                ),
                *path,
            )
        elif not findings.directory.people_by_id[
            PersonId(findings.directory.posts_by_id[PostId(name)].holder)
        ].channels:
            findings.fault(
                said(
                    N_("%(name)s is dark: its holder has no channel; give them one in the directory"),
                    name=name,
                ),
                *path,
            )


def triggers_and_acts_are_known(findings: Findings) -> None:
    triggers, discharges = known_triggers(), known_discharges()
    rules = findings.policy.document.duties
    for name in findings.sorts:
        for trigger in triggers_of(whole_rule(findings.policy.document, name)):
            kind, _, other = trigger.partition(".")
            if kind in ("lapsed", "discharged"):
                if other not in rules:
                    findings.fault(
                        said(
                            N_("%(trigger)s: there is no rule %(other)s; name one of duties"),
                            trigger=trigger,
                            other=other,
                        ),
                        "duties",
                        name,
                        "on",
                    )
            elif trigger not in triggers and not FORM_TRIGGER.match(trigger):
                findings.fault(
                    said(
                        N_(
                            "nothing is called %(trigger)s: write a fact's kind, filed.<document>, lapsed.<rule> …"
                        ),
                        trigger=trigger,
                    ),
                    "duties",
                    name,
                    "on",
                )
        for _, rule in findings.read[name]:
            if not rule.plan.discharged_by:
                findings.fault(N_("nothing discharges it: write `discharged_by:`"), "duties", name)
            for field, acts in (
                ("discharged_by", rule.plan.discharged_by),
                ("until", rule.plan.until),
                ("reserves", rule.plan.reserves),
            ):
                for act in acts:
                    if act not in discharges and not FORM_TRIGGER.match(act):
                        findings.fault(
                            said(
                                N_(
                                    "%(act)s is no act that anybody can do: write one such as progressed, filed.final_report"
                                ),
                                act=act,
                            ),
                            "duties",
                            name,
                            field,
                        )
