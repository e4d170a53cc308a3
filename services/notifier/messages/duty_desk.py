"""Whom to ring when a link or a page can't help: the post at the end of the case's chain, which is manned
round the clock.
"""

from datetime import datetime
from typing import NamedTuple

from shared.directory import Directory
from shared.directory.addresses import telephone_of
from shared.facts import Name
from shared.ids import PersonId, PostId


class DutyDesk(NamedTuple):
    name: Name
    telephone: str


def duty_desk(post: PostId | None, directory: Directory, reader: PersonId, now: datetime) -> DutyDesk | None:
    """None where there is no such post, it has no number, or the reader is the one who sits there."""
    entry = directory.posts_by_id.get(post) if post is not None else None
    if entry is None:
        return None
    person = directory.holder_of(entry.id, now)
    telephone = telephone_of(person)
    return None if telephone is None or person.id == reader else DutyDesk(entry.name, telephone)
