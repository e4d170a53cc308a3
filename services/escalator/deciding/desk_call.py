"""The duty desk's call: a report that calls nobody else lays an ordinary duty on the desk, to see to it by
hand.

Invariant: it takes nothing of the policy but the half hour's table. The desk that stands at the end of that
chain is called first, then the chain from its end, then those whom the half hour is owed to, each after the
wait of the policy; whoever answers has taken it. Two reminders and a lapse on record, and the chain's end,
are all that follows: it rings nobody for ever.
"""

from services.escalator.deciding.draft import DESK_DUTY, Draft
from services.escalator.deciding.lighting import light_first
from services.escalator.deciding.parties import Party
from services.escalator.policy.resolve import UNTIL
from shared.case import Duty, DutyTerms, Reminder, StandIn
from shared.facts import EffectKind, LapseCause, Name, Reason
from shared.ids import DutyId, PersonId, PostId, UnitId

TITLE = Name(zh="人工处置", en="see to it by hand")


def call_the_desk(draft: Draft) -> None:
    """The duty opens, and the desk is called; of one case more than once it is another duty each time."""
    plan, posts, now = _plan(draft), _posts(draft), draft.now
    post, *chain = posts
    person, unit = draft.directory.holder_of(post, now), UnitId(draft.directory.posts_by_id[post].unit)
    due_at = now + draft.policy.document.half_hour.within
    before, plain = times_called(draft), f"{DESK_DUTY}-{post}"
    duty = Duty(
        id=DutyId(f"{plain}.{before + 1}" if before else plain),
        rule=DESK_DUTY,
        act=DESK_DUTY,
        owed_by=unit,
        owed_to=PersonId(person.id),
        posts=posts,
        bearer=PersonId(person.id),
        bearer_post=post,
        starts_at=now,
        opened_at=now,
        due_at=due_at,
        reminders=tuple(Reminder(at=now + span) for span in draft.policy.document.half_hour.remind),
        chain=tuple(chain),
    )
    draft.keep_plan(plan)
    draft.put(duty)
    draft.on(duty, EffectKind.OPENED, Reason.OWED_ON_REPORT, post=post, due_at=due_at, rule=plan.limit)
    light_first(draft, duty, plan, Party(unit, person, post, person, (post,), post))


def times_called(draft: Draft) -> int:
    """By the number of the last: a standing case lets go of what was done long ago."""
    numbers = (duty.id.rpartition(".")[2] for duty in draft.duties.values() if duty.rule == DESK_DUTY)
    return max((int(number) if number.isdecimal() else 1 for number in numbers), default=0)


def _plan(draft: Draft) -> DutyTerms:
    half_hour, rule = draft.policy.document.half_hour, draft.policy.rule
    return DutyTerms(
        rule=DESK_DUTY,
        title=TITLE,
        by="recipient",
        limit=rule("half_hour", "within"),
        by_recipient=True,
        any_answers=True,
        discharged_by=half_hour.discharged_by,
        until=UNTIL,
        channels=half_hour.channels,
        chain=_posts(draft)[1:],
        wait=half_hour.fallback.after,
        step=half_hour.fallback.step,
        chain_rule=rule("half_hour", "fallback"),
        remind_rule=rule("half_hour", "remind"),
        cause=LapseCause.NOT_ACKNOWLEDGED,
        stand_in=StandIn.KEEPS_OPEN,
    )


def _posts(draft: Draft) -> tuple[PostId, ...]:
    """Those of the half hour that are there, the desk that is manned round the clock first."""
    directory, half_hour = draft.directory, draft.policy.document.half_hour
    named = dict.fromkeys((*reversed(half_hour.fallback.chain), *reversed(half_hour.owed_to)))
    there = tuple(PostId(post) for post in named if post in directory.posts_by_id)
    return there or (PostId(directory.posts[0].id),)
