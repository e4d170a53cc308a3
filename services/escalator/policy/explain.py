"""What the policy means for one report, in plain words: who would be told when, why, and which line says so.

Invariant: it is computed from the same duties that `decide` would open, never from a second reading of the policy.
"""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.escalator.policy.load import Policy
from services.escalator.policy.plan import Owed, channels_to, duties_of
from shared.directory import Directory, Person
from shared.facts import Frozen, Instant, Name, ReportForm, Rule
from shared.ids import PostId


class Step(Frozen):
    """One line of the explanation."""

    at: Instant
    what: Literal["told", "reminded", "lit", "lapses"]
    person: str
    person_name: Name
    post: str
    post_name: Name
    channels: tuple[str, ...] = ()
    rule: Rule
    text: Name


class Explanation(Frozen):
    policy: str
    steps: tuple[Step, ...]
    text: Name
    """The whole in a sentence."""


def explain(form: ReportForm, reported_at: datetime, policy: Policy, directory: Directory) -> Explanation:
    """As if `form` were handed in at `reported_at` and nobody answered."""
    owed = duties_of(form, reported_at, policy, directory)
    steps = sorted((step for one in owed for step in _steps(one, reported_at, directory)), key=lambda step: step.at)
    if not owed:
        text = Name(
            zh=f"“{form.kind}”不适用半小时报告规则：只立案，不计时。",
            en=f"The half-hour rule is not about a {form.kind}: filed, no clock runs.",
        )
    else:
        due = owed[0].due_at.astimezone(ZoneInfo(policy.document.clock.timezone))
        late = reported_at > due
        text = Name(
            zh=f"须在 {due:%m-%d %H:%M:%S} 前报告 {len(owed)} 人，每人一项责任。" + ("此时报告已超时，立即记为迟报。" if late else ""),
            en=f"{len(owed)} people are owed the report by {due:%m-%d %H:%M:%S}, one duty each."
            + (" Reported now it is late, and lapses at once." if late else ""),
        )
    return Explanation(policy=policy.label, steps=tuple(steps), text=text)


def _steps(owed: Owed, now: datetime, directory: Directory) -> list[Step]:
    plan = owed.plan
    assert plan.remind_rule
    assert plan.chain_rule
    who = owed.person
    steps = [
        _step(now, "told", who, owed.posts[0], plan.channels, plan.limit, directory, Name(zh="立即报告", en="is told at once")),
        _step(
            owed.due_at,
            "lapses",
            who,
            owed.posts[0],
            (),
            plan.limit,
            directory,
            Name(zh="仍未确认即记为失责", en="silent until now: a lapse"),
        ),
    ]
    steps += [
        _step(
            at, "reminded", who, owed.posts[0], plan.channels, plan.remind_rule, directory, Name(zh="仍未确认则催办", en="silent: reminded")
        )
        for at in plan.remind
        if at > now
    ]
    at = now + plan.wait if plan.wait else now
    for post in plan.chain:
        holder = directory.holder_of(post)
        text = Name(zh=f"联系不上{who.name.zh}时接报", en=f"is lit where {who.name.en} stays dark")
        steps.append(_step(at, "lit", holder, post, plan.channels, plan.chain_rule, directory, text))
        at += plan.step or plan.wait or owed.due_at - now
    return steps


def _step(
    at: datetime,
    what: Literal["told", "reminded", "lit", "lapses"],
    person: Person,
    post: PostId,
    channels: tuple[str, ...],
    rule: Rule,
    directory: Directory,
    text: Name,
) -> Step:
    return Step(
        at=at,
        what=what,
        person=person.id,
        person_name=person.name,
        post=post,
        post_name=directory.posts_by_id[post].name,
        channels=channels_to(person, channels) if channels else (),
        rule=rule,
        text=text,
    )
