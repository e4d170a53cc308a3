"""When who holds a post may change: between two such moments nothing does, so that looking at each of them is
looking at all time.
"""

from datetime import UTC, datetime

from shared.directory.people import Post
from shared.directory.whole import Directory
from shared.ids import PersonId


def moments(directory: Directory, post: Post, since: datetime, until: datetime) -> list[datetime]:
    """`since`, and every later moment before `until` at which a shift, an override or an absence begins or
    ends.
    """
    people = {post.holder, *map(PersonId, post.deputies)}
    edges = {since}
    if post.roster is not None:
        for shift in directory.rosters_by_id[post.roster].shifts(since, until):
            people |= {shift.person} | ({shift.leader} if shift.leader else set())
            edges |= {shift.starts_at, shift.ends_at}
    for person in people:
        edges |= {
            at for absence in directory.people_by_id[person].absences for at in (absence.since, absence.until)
        }
    return sorted(at.astimezone(UTC) for at in edges if since <= at < until)
