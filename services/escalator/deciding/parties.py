"""Who is meant: the words of the policy (`recipient`, `holder`, `assignee`, `unit_head`, a post, an audience)
as units and people, now.

Invariant: whoever is named can be called. Where a unit has no head, the unit above it answers; a name nobody
can be found for is left out of an audience, and never of a duty: a duty always has a bearer.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.form_values import values_at
from services.escalator.policy.duty_spec import EVERYBODY
from shared.case import APPROVER, CaseForm, Duty, Task
from shared.directory import Person
from shared.directory.competence import Competent
from shared.ids import PersonId, PostId, RosterId, UnitId
from shared.vocabulary import ReportKind

RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Party:
    """One duty's people: `unit` owes it, `bearer` has to move (called through `post`), it is owed to
    `owed_to` as `posts`.
    """

    unit: UnitId
    bearer: Person
    post: PostId
    owed_to: Person
    posts: tuple[PostId, ...]
    key: str


def head_of(draft: Draft, unit: UnitId) -> tuple[Person, PostId] | None:
    """Who answers for the unit now: its head, or the head of the nearest unit above it that has one."""
    directory = draft.directory
    for one in (unit, *directory.superiors.get(unit, ())):
        found = directory.units_by_id.get(one)
        if found is not None and found.head is not None:
            post = found.head
            return directory.holder_of(post, draft.now), post
    return None


def in_charge(draft: Draft, post: PostId) -> PostId:
    """The post that has such a matter in its portfolio, where the policy names `post`: 谁分管谁负责."""
    report = draft.case.report
    return draft.directory.in_charge(post, report.kind, report.category, report.topic, report.area)


def duty_post_of(draft: Draft, unit: UnitId) -> tuple[Person, PostId] | None:
    """Who is rung for the unit day and night: its duty post, or its head where it has none."""
    found = draft.directory.units_by_id.get(unit)
    if found is None or found.duty_post is None:
        return head_of(draft, unit)
    return draft.directory.holder_of(found.duty_post, draft.now), found.duty_post


def bearer_of(draft: Draft, duty: Duty) -> tuple[Person, PostId]:
    """Who has to move, and the post they are called through; somebody who has left the directory is followed
    by whoever holds it now.
    """
    directory = draft.directory
    person = directory.people_by_id.get(duty.bearer)
    if person is not None:
        return person, duty.bearer_post
    if duty.bearer_post in directory.posts_by_id:
        return directory.holder_of(duty.bearer_post, draft.now), duty.bearer_post
    return head_of(draft, duty.owed_by) or _anybody(draft)


def unit_of(draft: Draft, by: str, task: Task | None) -> UnitId | None:
    """The unit that `by` names; None where nothing of that name is there (no transfer pending, nobody above).

    `superior` is whoever is asked to impose the lead, and without such a transfer the unit above the one that
    holds it; `superior_above` is the unit above that one, where there is any.
    """
    case = draft.case
    match by:
        case "recipient" | "unit":
            return case.report.unit
        case "holder":
            return case.holder
        case "assignee":
            return task.unit if task else case.holder
        case "assigner":
            return task.assigner if task else case.report.unit
        case "asked":
            transfer = task.transfer if task else case.transfer
            return transfer.to_unit if transfer and transfer.superior is None else None
        case "superior":
            transfer = task.transfer if task else case.transfer
            if transfer is not None and transfer.superior is not None:
                return transfer.superior
            return next(iter(draft.directory.superiors.get(task.unit if task else case.holder, ())), None)
        case "superior_above":
            above = draft.directory.superiors.get(case.holder, ())
            return above[min(1, len(above) - 1)] if above else None
        case "competent":
            return competent_unit(draft)
        case "watched":
            return case.report.unit
        case "named":
            return case.notice.unit if case.notice else None
        case post:
            found = draft.directory.posts_by_id.get(in_charge(draft, PostId(post)))
            return found.unit if found else None


def next_approver(draft: Draft) -> PostId | None:
    """The first of the policy's approvers whose holder has neither drafted the public notice (of a publication its
    text) nor approved it.
    """
    document, directory = draft.policy.document, draft.directory
    if draft.case.release is not None:
        draft_text, rule = draft.case.release, document.publication
    else:
        draft_text, rule = draft.case.notice, document.public_notice
    if draft_text is None or rule is None:
        return None
    passed_over = {draft_text.drafted_by, *draft_text.approvals}
    return next(
        (
            post
            for post in map(PostId, rule.approvers)
            if post in directory.posts_by_id and directory.holder_of(post, draft.now).id not in passed_over
        ),
        None,
    )


def competent_unit(draft: Draft) -> UnitId | None:
    """Whose matter it is by category and area (DOMAIN row 21); the unit that reported where the directory
    names nobody.
    """
    competent = competence(draft)
    return competent.unit.id if competent is not None else draft.case.report.unit


def competence(draft: Draft) -> Competent | None:
    """Whose matter the directory says it is, and why."""
    report = draft.case.report
    return draft.directory.competent_unit(
        ReportKind.INCIDENT if report.kind is ReportKind.OPINION else report.kind,
        report.category,
        report.topic,
        report.area,
    )


def posts_of(
    draft: Draft, names: Iterable[str], duty: Duty | None = None, task: Task | None = None
) -> Iterator[tuple[PostId, Person]]:
    """The posts and people an audience means, each person once; names that are actions, not people, are left
    out.
    """
    person_ids: set[str] = set()
    for name in names:
        for post, person in _named(draft, name, duty, task):
            if person.id not in person_ids:
                person_ids.add(person.id)
                yield post, person


def _named(draft: Draft, name: str, duty: Duty | None, task: Task | None) -> Iterator[tuple[PostId, Person]]:
    directory = draft.directory
    if name in directory.posts_by_id:
        post = in_charge(draft, PostId(name))
        yield post, directory.holder_of(post, draft.now)
    elif name in ("owner", "bearer"):
        if duty is not None:
            person, post = bearer_of(draft, duty)
            yield post, person
    elif name == EVERYBODY:
        yield from _everybody(draft)
    elif name == "commander":
        yield from _commander(draft)
    elif name in ("competent_duty", "area_duty"):
        for person, post in filter(None, (duty_post_of(draft, unit) for unit in _units_of(draft, name))):
            yield post, person
    elif name in _HEADED:
        unit = _HEADED[name](draft, duty, task)
        head = head_of(draft, unit) if unit is not None else None
        if head is not None:
            yield head[1], head[0]
    else:
        for named in draft.policy.audiences.get(name, ()):
            if named in directory.posts_by_id:
                post = in_charge(draft, named)
                yield post, directory.holder_of(post, draft.now)


def _commander(draft: Draft) -> Iterator[tuple[PostId, Person]]:
    """Whoever commands now, through a post of theirs, else through that of their unit's head."""
    command = draft.case.command
    person = draft.directory.people_by_id.get(command[-1].person) if command else None
    if person is not None:
        yield from _through_a_post(draft, person)


def _everybody(draft: Draft) -> Iterator[tuple[PostId, Person]]:
    """Of the case's unit, whoever has a channel."""
    unit = draft.case.report.unit
    posts = {post.holder: post.id for post in reversed(draft.directory.posts)}
    head = head_of(draft, unit) or _anybody(draft)
    for person in draft.directory.people:
        if person.unit == unit and person.channels:
            yield posts.get(person.id, head[1]), person


def _through_a_post(draft: Draft, person: Person) -> Iterator[tuple[PostId, Person]]:
    """Nothing of somebody who has no post, in a unit without a head."""
    directory = draft.directory
    post = next((post.id for post in directory.posts if post.holder == person.id), None)
    post = post or directory.units_by_id[person.unit].head
    if post is not None:
        yield post, person


def newly_named(draft: Draft, path: str) -> Iterator[tuple[PostId, Person]]:
    """Whoever a form names since this decision and not before: `form.meeting.participants.unit`."""
    before = {person.id for _, person in _in_forms(draft, draft.was.forms, path)}
    is_report = draft.case.report_sequence == draft.sequence
    for post, person in _in_forms(draft, draft.case.forms, path):
        if is_report or person.id not in before:
            yield post, person


def _in_forms(draft: Draft, forms: Iterable[CaseForm], path: str) -> Iterator[tuple[PostId, Person]]:
    directory = draft.directory
    for named in values_at(forms, path):
        if named in directory.people_by_id:
            yield from _through_a_post(draft, directory.people_by_id[PersonId(named)])
        elif (head := head_of(draft, UnitId(named))) is not None:
            yield head[1], head[0]


def _owing(draft: Draft, duty: Duty | None) -> UnitId:
    return duty.owed_by if duty is not None else draft.case.holder


_HEADED: dict[str, Callable[[Draft, Duty | None, Task | None], UnitId | None]] = {
    "unit_head": lambda draft, duty, _: _owing(draft, duty),
    "holder_head": lambda draft, _duty, _task: draft.case.holder,
    "reporter_head": lambda draft, _duty, _task: draft.case.report.unit,
    "assigner": lambda draft, _, task: task.assigner if task else draft.case.report.unit,
    "assignee_head": lambda draft, _, task: task.unit if task else draft.case.holder,
    "superior_head": lambda draft, duty, _: next(
        iter(draft.directory.superiors.get(_owing(draft, duty), ())), None
    ),
    "asked_head": lambda draft, _duty, task: unit_of(draft, "asked", task),
    "competent_head": lambda draft, _duty, _task: competent_unit(draft),
    "named_head": lambda draft, _duty, _task: unit_of(draft, "named", None),
}
"""The unit whose head an audience means."""


def _units_of(draft: Draft, audience: str) -> tuple[UnitId, ...]:
    if audience == "area_duty":
        return draft.directory.governments_of(draft.case.report.area)
    competent = competent_unit(draft)
    return (competent,) if competent is not None else ()


def parties(
    draft: Draft,
    by: str,
    to: tuple[str, ...],
    task: Task | None,
    *,
    any_answers: bool,
    by_duty_post: bool = False,
) -> list[Party]:
    """One party for each duty a rule lays: one per person owed where the recipients must answer, else one for
    the unit that owes it.
    """
    if by == RECIPIENT:
        return _recipients(draft, to, any_answers=any_answers)
    if by == APPROVER:
        by = next_approver(draft) or by
    unit = unit_of(draft, by, task)
    if unit is None:
        return []
    owed = list(posts_of(draft, to, task=task))
    bearer, post = (
        (duty_post_of(draft, unit) if by_duty_post else None)
        or _bearer(draft, by, unit, task)
        or ((owed[0][1], owed[0][0]) if owed else _anybody(draft))
    )
    owed_to = owed[0][1] if owed else bearer
    return [
        Party(
            unit,
            bearer,
            post,
            owed_to,
            tuple(post for post, _ in owed) or (post,),
            task.id if task else str(post),
        )
    ]


def _recipients(draft: Draft, to: tuple[str, ...], *, any_answers: bool) -> list[Party]:
    by_person: dict[str, list[PostId]] = {}
    people: dict[str, Person] = {}
    for name in to:
        for post, person in _named(draft, name, None, None):
            people[person.id] = person
            by_person.setdefault(person.id, []).append(post)
    unit = draft.case.report.unit
    if any_answers and people:
        first = next(iter(people.values()))
        posts = tuple(post for held in by_person.values() for post in held)
        return [Party(unit, first, posts[0], first, posts, str(posts[0]))]
    return [
        Party(unit, people[one], posts[0], people[one], tuple(posts), str(posts[0]))
        for one, posts in by_person.items()
    ]


def _bearer(draft: Draft, by: str, unit: UnitId, task: Task | None) -> tuple[Person, PostId] | None:
    directory = draft.directory
    if by in directory.posts_by_id:
        post = in_charge(draft, PostId(by))
        return directory.holder_of(post, draft.now), post
    head = head_of(draft, unit)
    if (
        by == "assignee"
        and task is not None
        and task.owner is not None
        and task.owner in directory.people_by_id
    ):
        return directory.people_by_id[task.owner], head[1] if head else _anybody(draft)[1]
    standing = draft.case.standing
    if by == "watched" and standing is not None and standing.watch == "roster":
        roster = directory.rosters_by_id.get(RosterId(standing.subject))
        shift = roster.shift_at(draft.now) if roster else None
        if roster is not None and shift is not None:
            return directory.people_by_id[shift.person], roster.post
    return head


def _anybody(draft: Draft) -> tuple[Person, PostId]:
    """The first post of the directory: a duty whose unit nobody heads (`policy check` and `gaps` warn of it)
    is still somebody's.
    """
    post = draft.directory.posts[0].id
    return draft.directory.holder_of(post, draft.now), post
