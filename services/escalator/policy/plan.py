"""Which duties a report creates: the policy, read for one report. Pure; used by the decision and by its explanation alike.

Invariant: one duty a person, however many of the posts owed they hold; the limit is the one of the level unless the matter
is sensitive, which ignores grading (DOMAIN.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.escalator.policy.load import Policy
from services.escalator.policy.model import StartsAt
from shared.case import Plan
from shared.directory import Directory, Person
from shared.facts import Report, ReportForm, Rule
from shared.ids import DutyId, PersonId, PostId
from shared.vocabulary import ReportKind

WATCHED_KINDS = (ReportKind.INCIDENT, ReportKind.OPINION)
"""What the half-hour rule is about: emergencies, and what the media say of them."""


@dataclass(frozen=True)
class Owed:
    """A duty as it will be opened."""

    id: DutyId
    person: Person
    posts: tuple[PostId, ...]
    starts_at: datetime
    due_at: datetime
    plan: Plan


def starts_at(form: ReportForm, received_at: datetime, policy: Policy) -> datetime:
    match policy.document.clock.starts_at:
        case StartsAt.LEARNED:
            return form.learned_at
        case StartsAt.OCCURRED:
            return form.occurred_at
        case StartsAt.RECEIVED:
            return received_at


def limit_of(form: ReportForm, policy: Policy) -> tuple[timedelta, Rule]:
    """How long the unit has, and the line that says so."""
    document = policy.document
    if form.kind is ReportKind.OPINION:
        return document.opinion.web, policy.rule("opinion", "web")
    if form.sensitive or form.level is None:
        return document.half_hour.within, policy.rule("half_hour", "within")
    return document.levels[form.level].report, policy.rule("levels", form.level.value, "report")


def channels_to(person: Person, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The policy's channels that the person has, in the policy's order; where they have none of them, all they have."""
    theirs = tuple(address.channel for address in person.channels)
    return tuple(channel for channel in wanted if channel in theirs) or theirs


def duties_of(form: ReportForm | Report, received_at: datetime, policy: Policy, directory: Directory) -> list[Owed]:
    """The duties this report creates, in the policy's order of posts."""
    if form.kind not in WATCHED_KINDS:
        return []
    rule = policy.document.half_hour
    start = starts_at(form, received_at, policy)
    within, limit = limit_of(form, policy)
    posts_by_person: dict[PersonId, list[PostId]] = {}
    for name in rule.owed_to:
        holder = directory.holder_of(PostId(name))
        posts_by_person.setdefault(PersonId(holder.id), []).append(PostId(name))
    plan = Plan(
        limit=limit,
        remind=tuple(start + span for span in rule.remind if span < within),
        remind_rule=policy.rule("half_hour", "remind"),
        discharged_by=rule.discharged_by,
        channels=rule.channels,
        chain=tuple(PostId(post) for post in rule.fallback.chain),
        wait=rule.fallback.after,
        step=rule.fallback.step,
        chain_rule=policy.rule("half_hour", "fallback"),
    )
    return [
        Owed(
            id=DutyId(f"report-{posts[0]}"),
            person=directory.people_by_id[person],
            posts=tuple(posts),
            starts_at=start,
            due_at=start + within,
            plan=plan,
        )
        for person, posts in posts_by_person.items()
    ]
