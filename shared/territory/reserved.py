"""What only the leader in charge of a case, or somebody above, may do to it: a grave one is ended by nobody else.

Invariant: which acts those are, the policy says of a duty (`reserves`), and only while that duty is owed. The
leader is whoever bears it or holds its post now; above stand the head of their unit and whoever holds a post
of a unit above it.
"""

from datetime import datetime

from shared.case import Case, Duty
from shared.directory import Directory
from shared.facts import Actor, Reason
from shared.territory.refusal import Refusal
from shared.vocabulary import Kind


def reserved(actor: Actor, kind: Kind, case: Case, directory: Directory, at: datetime) -> Refusal | None:
    """None where nothing keeps the actor from doing it."""
    for duty in case.duties:
        if duty.is_owed and kind in case.plan_of(duty).reserves and not _leads(actor, duty, directory, at):
            return Refusal(Reason.ONLY_THE_LEADER_ENDS_IT, unit=duty.owed_by, post=duty.bearer_post)
    return None


def _leads(actor: Actor, duty: Duty, directory: Directory, at: datetime) -> bool:
    if actor.who == duty.bearer:
        return True
    unit = directory.units_by_id.get(duty.owed_by)
    own = {duty.bearer_post, unit.head if unit is not None else None}
    return any(
        directory.holder_of(post.id, at).id == actor.who
        for post in directory.posts
        if post.id in own or directory.is_above(post.unit, duty.owed_by)
    )
