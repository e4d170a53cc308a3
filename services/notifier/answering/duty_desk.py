"""Whom to ring when a page can't help: the post at the end of the case's chain, which is manned round the
clock.
"""

from datetime import datetime
from typing import NamedTuple

from shared.case import Case
from shared.directory import Directory
from shared.directory.addresses import telephone_of
from shared.facts import Name
from shared.ids import PersonId


class DutyDesk(NamedTuple):
    name: Name
    telephone: str


def duty_desk(case: Case, directory: Directory, reader: PersonId, now: datetime) -> DutyDesk | None:
    """None where the case has no chain, the post no number, or the reader is the one who sits there."""
    last = next((plan.chain[-1] for plan in case.plans.values() if plan.chain), None)
    post = None if last is None else directory.posts_by_id.get(last)
    if last is None or post is None:
        return None
    person = directory.holder_of(last, now)
    telephone = telephone_of(person)
    return None if telephone is None or person.id == reader else DutyDesk(post.name, telephone)
