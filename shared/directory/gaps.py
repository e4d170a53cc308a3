"""Warning before a gap: what is valid today and will be dark on Sunday. Pure.

Invariant: `gaps` looks at every moment between `since` and `until` at which something can change, not at
samples; each gap names its subject, from when to when, and the remedy in both languages. A gap is a warning;
what is already wrong is a fault.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from shared.directory.moments import moments
from shared.directory.parts import altered, objects_of, posts_answered_otherwise
from shared.directory.people import Person, Post, WhyHolder
from shared.directory.plans import ContingencyPlan
from shared.directory.portfolios import shared_fields, unassigned
from shared.directory.roster import Roster
from shared.directory.units import Unit
from shared.directory.whole import Directory
from shared.facts import Frozen, Instant, Name
from shared.ids import PersonId, RosterId
from shared.vocabulary import Category

CATEGORIES_ZH = {
    Category.NATURAL_DISASTER: "自然灾害",
    Category.ACCIDENT: "事故灾难",
    Category.PUBLIC_HEALTH: "公共卫生",
    Category.PUBLIC_SECURITY: "社会安全",
}


class GapCode(StrEnum):
    NOBODY_THERE = "nobody_there"
    """Holder and deputies are absent: the post is dark."""
    NOBODY_ON_DUTY = "nobody_on_duty"
    """Who is on shift is absent and so is the shift's leader: somebody stands in who does not know of it."""
    NO_DEPUTY = "no_deputy"
    """The holder will be absent and the post has no deputy."""
    ROSTER_ENDS = "roster_ends"
    NO_CHANNEL = "no_channel"
    ONE_CHANNEL = "one_channel"
    """The one number does not answer: nothing else is left to try."""
    NOBODY_HEADS = "nobody_heads"
    """The unit has no head: nobody answers for it."""
    PLAN_REVIEW = "plan_review"
    SHARED_PORTFOLIO = "shared_portfolio"
    """Two leaders are in charge of the same: the first declared answers."""
    NOBODY_IN_CHARGE = "nobody_in_charge"
    """No portfolio has the category: whoever stands for all answers."""


class Gap(Frozen):
    code: GapCode
    subject: str
    """Id of the post, person, unit, roster or plan."""
    since: Instant | None = None
    """None: now already."""
    until: Instant | None = None
    """None: until somebody acts."""
    grave: bool
    """A post that can be owed a report is dark meanwhile."""
    text: Name


def gaps(directory: Directory, since: datetime, until: datetime) -> list[Gap]:
    """Every gap that has a moment in `since` … `until`: the grave ones first, then by time."""
    open_gaps = [
        gap
        for part, check in _CHECKS.items()
        for gap in check(directory, getattr(directory, part), since, until)
    ]
    return _in_order(open_gaps, since)


def new_gaps(before: Directory, after: Directory, since: datetime, until: datetime) -> list[Gap]:
    """Those that the step from `before` to `after` opens. Only what was altered, and posts that somebody else
    may hold for it, are looked at: all of a large city's rosters take seconds.
    """
    differs = altered(before, after)
    looked_at = {**differs, "posts": posts_answered_otherwise(after, differs)}

    def gaps_of(directory: Directory) -> list[Gap]:
        return [
            gap
            for part, check in _CHECKS.items()
            for gap in check(directory, objects_of(directory, part, looked_at), since, until)
        ]

    gaps_before = {(gap.code, gap.subject, gap.since) for gap in gaps_of(before)}
    return _in_order(
        [gap for gap in gaps_of(after) if (gap.code, gap.subject, gap.since) not in gaps_before], since
    )


def _in_order(found: list[Gap], since: datetime) -> list[Gap]:
    return sorted(found, key=lambda gap: (not gap.grave, gap.since or since, gap.code, gap.subject))


def _posts(directory: Directory, posts: Iterable[Post], since: datetime, until: datetime) -> Iterator[Gap]:
    for post in posts:
        yield from _portfolio_gaps(directory, post)
        if post.id in directory.steady_holders:
            continue
        edges = moments(directory, post, since, until)
        open_gap: Gap | None = None
        for begins, ends in zip(edges, [*edges[1:], until], strict=True):
            gap = _post_gap(directory, post, begins, ends)
            if open_gap is not None and gap is not None and gap.code is open_gap.code:
                open_gap = gap.model_copy(update={"since": open_gap.since})
                continue
            if open_gap is not None:
                yield open_gap
            open_gap = gap
        if open_gap is not None:
            yield open_gap


def _portfolio_gaps(directory: Directory, post: Post) -> Iterator[Gap]:
    others = directory.portfolios.get(post.stands_for or post.id, ())
    for other in others:
        if other.id == post.id:
            break
        if both := list(shared_fields(post, other)):
            text = Name(
                zh=f"{post.name.zh}与{other.name.zh}都分管{'、'.join(both)}，现由{other.name.zh}负责：请从其中一人去掉",
                en=f"{post.name.en} and {other.name.en} both have {', '.join(both)}, and {other.name.en} answers: take it from one of them",
            )
            yield Gap(code=GapCode.SHARED_PORTFOLIO, subject=post.id, grave=False, text=text)
    missing = unassigned(others) if post.id in directory.portfolios else []
    if missing:
        text = Name(
            zh=f"{'、'.join(CATEGORIES_ZH[one] for one in missing)}无人分管，由{post.name.zh}负责：请写入分管领域",
            en=f"no portfolio has {', '.join(missing)}, {post.name.en} answers: add it to one",
        )
        yield Gap(code=GapCode.NOBODY_IN_CHARGE, subject=post.id, grave=False, text=text)


def _post_gap(directory: Directory, post: Post, begins: datetime, ends: datetime) -> Gap | None:
    """What is wrong with the post between two edges; nothing changes in between."""
    why, name = directory.why_holder(post.id, begins), post.name
    if why is WhyHolder.HOLDER_THOUGH_ABSENT:
        code = GapCode.NOBODY_THERE if post.deputies else GapCode.NO_DEPUTY
        who = directory.people_by_id[post.holder].name
        text = Name(
            zh=f"{name.zh}（{who.zh}）届时不在岗，无人代行：请指定一名在岗的代理人",
            en=f"{name.en} ({who.en}) will be away and nobody stands in: name a deputy who is there",
        )
        return Gap(code=code, subject=post.id, since=begins, until=ends, grave=True, text=text)
    if post.roster is None:
        return None
    shift = directory.rosters_by_id[post.roster].shift_at(begins)
    if shift is None or why in (WhyHolder.ON_ROSTER, WhyHolder.ROSTER_OVERRIDE, WhyHolder.LEADER_ON_DUTY):
        return None
    who = directory.people_by_id[shift.person].name
    text = Name(
        zh=f"{name.zh}届时无人值班（{who.zh}不在岗）：请换班",
        en=f"nobody is on duty as {name.en} ({who.en} is away): exchange the shift",
    )
    return Gap(code=GapCode.NOBODY_ON_DUTY, subject=post.id, since=begins, until=ends, grave=False, text=text)


def _rosters(
    directory: Directory, rosters: Iterable[Roster], since: datetime, until: datetime
) -> Iterator[Gap]:
    for roster in rosters:
        begins = roster.start_of(0)
        if begins > since:
            yield _unrostered(directory, roster.id, since, min(begins, until))
        if roster.count is not None and (ends := roster.start_of(roster.count)) < until:
            yield _unrostered(directory, roster.id, max(ends, since), None)


def _unrostered(directory: Directory, roster_id: str, since: datetime, until: datetime | None) -> Gap:
    roster = directory.rosters_by_id[RosterId(roster_id)]
    holder = directory.people_by_id[PersonId(directory.posts_by_id[roster.post].holder)].name
    text = Name(
        zh=f"{roster.name.zh}没有排定值班，由{holder.zh}一人值守：请续排",
        en=f"{roster.name.en} has no shifts then, {holder.en} alone answers: extend it",
    )
    return Gap(code=GapCode.ROSTER_ENDS, subject=roster.id, since=since, until=until, grave=False, text=text)


def _people(_: Directory, people: Iterable[Person], __: datetime, ___: datetime) -> Iterator[Gap]:
    for person in people:
        kinds = {entry.channel for entry in person.channels}
        if len(kinds) > 1:
            continue
        if kinds:
            code, zh, en = (
                GapCode.ONE_CHANNEL,
                "只有一种联系方式：请再添一种",
                "can be reached in one way only: add another channel",
            )
        else:
            code, zh, en = (
                GapCode.NO_CHANNEL,
                "没有任何联系方式：请补上",
                "can't be reached at all: add a channel",
            )
        text = Name(zh=f"{person.name.zh}{zh}", en=f"{person.name.en} {en}")
        yield Gap(code=code, subject=person.id, grave=False, text=text)


def _units(_: Directory, units: Iterable[Unit], __: datetime, ___: datetime) -> Iterator[Gap]:
    for unit in units:
        if unit.head is None:
            text = Name(
                zh=f"{unit.name.zh}没有负责人：请指定一个岗位",
                en=f"nobody answers for {unit.name.en}: name its head, a post",
            )
            yield Gap(code=GapCode.NOBODY_HEADS, subject=unit.id, grave=False, text=text)


def _plans(_: Directory, plans: Iterable[ContingencyPlan], since: datetime, until: datetime) -> Iterator[Gap]:
    for plan in plans:
        due = _end_of(plan.review_by)
        if due < until:
            text = Name(
                zh=f"预案《{plan.name.zh}》应于{plan.review_by}前复审：请复审并更新版本",
                en=f"the plan {plan.name.en} is to be reviewed by {plan.review_by}: review it and renew its version",
            )
            yield Gap(
                code=GapCode.PLAN_REVIEW, subject=plan.id, since=max(due, since), grave=False, text=text
            )


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


_CHECKS: dict[str, Callable[[Directory, Iterable[Any], datetime, datetime], Iterator[Gap]]] = {
    "posts": _posts,
    "rosters": _rosters,
    "people": _people,
    "units": _units,
    "plans": _plans,
}
"""The gaps of objects of a part."""
