"""What makes posts and rosters invalid: names that lead nowhere, and posts that are or would be dark.

Invariant: whoever can come to hold a post (holder, deputies, everyone on its roster) is declared and has a
channel. A fault names the post that would be dark.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from shared.directory.placed import PlacedFault
from shared.ids import PersonId, PostId
from shared.message import N_, Said, Sayable, said

if TYPE_CHECKING:
    from shared.directory.people import Post
    from shared.directory.roster import Roster
    from shared.directory.whole import Directory


def faults_of_posts(whole: "Directory", posts: Iterable["Post"]) -> Iterator[PlacedFault]:
    for number, post in enumerate(posts):
        where = ("posts", number)
        if post.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"),
                said(
                    N_("post %(post)s belongs to unit %(unit)s, which is not declared"),
                    post=post.id,
                    unit=post.unit,
                ),
            )
        yield from _holder_faults(whole, post, where)
        yield from undeclared_areas(
            whole, post.areas, (*where, "areas"), said(N_("post %(post)s"), post=post.id)
        )
        if post.stands_for is not None and (fault := _stands_for_fault(whole, post)):
            yield PlacedFault((*where, "stands_for"), fault)
        if post.roster is None:
            continue
        roster = whole.rosters_by_id.get(post.roster)
        if roster is None:
            yield PlacedFault(
                (*where, "roster"),
                said(
                    N_("post %(post)s is held by roster %(roster)s, which is not declared"),
                    post=post.id,
                    roster=post.roster,
                ),
            )
        elif roster.post != post.id:
            text = said(
                N_(
                    "post %(post)s is held by roster %(roster)s, which is made for post %(other)s: correct one of the two"
                ),
                post=post.id,
                roster=roster.id,
                other=roster.post,
            )
            yield PlacedFault((*where, "roster"), text)


def _stands_for_fault(whole: "Directory", post: "Post") -> Sayable | None:
    named = whole.posts_by_id.get(PostId(post.stands_for or ""))
    if named is None:
        return said(
            N_("post %(post)s stands for %(stands_for)s, which is not declared: name a post"),
            post=post.id,
            stands_for=post.stands_for,
        )
    if named.id == post.id or named.stands_for is not None:
        return said(
            N_(
                "post %(post)s stands for %(named)s, which stands for another itself: name the post that policies name"
            ),
            post=post.id,
            named=named.id,
        )
    return None


def _holder_faults(whole: "Directory", post: "Post", where: tuple[str | int, ...]) -> Iterator[PlacedFault]:
    dark = post.id
    if post.holder not in whole.people_by_id:
        text = said(
            N_(
                "post %(post)s is held by %(holder)s, who is not declared: the post would be dark, name a person"
            ),
            post=post.id,
            holder=post.holder,
        )
        yield PlacedFault((*where, "holder"), text, dark)
    elif not is_reachable(whole, post.holder):
        text = said(
            N_(
                "post %(post)s is held by %(holder)s, who has no channel: the post would be dark, give them one"
            ),
            post=post.id,
            holder=post.holder,
        )
        yield PlacedFault((*where, "holder"), text, dark)
    for place, deputy in enumerate(post.deputies):
        if deputy not in whole.people_by_id:
            text = said(
                N_("post %(post)s has deputy %(deputy)s, who is not declared: name a person"),
                post=post.id,
                deputy=deputy,
            )
        elif not is_reachable(whole, deputy):
            text = said(
                N_(
                    "post %(post)s has deputy %(deputy)s, who has no channel: the post would be dark in the holder's absence, give them one"
                ),
                post=post.id,
                deputy=deputy,
            )
        elif deputy == post.holder:
            text = said(
                N_("post %(post)s has its holder %(deputy)s for a deputy: name somebody else"),
                post=post.id,
                deputy=deputy,
            )
        else:
            continue
        yield PlacedFault((*where, "deputies", place), text, dark if deputy != post.holder else None)


def faults_of_rosters(whole: "Directory", rosters: Iterable["Roster"]) -> Iterator[PlacedFault]:
    for number, roster in enumerate(rosters):
        where = ("rosters", number)
        if roster.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"),
                said(
                    N_("roster %(roster)s belongs to unit %(unit)s, which is not declared"),
                    roster=roster.id,
                    unit=roster.unit,
                ),
            )
        post = whole.posts_by_id.get(roster.post)
        if post is None:
            yield PlacedFault(
                (*where, "post"),
                said(
                    N_("roster %(roster)s is made for post %(post)s, which is not declared"),
                    roster=roster.id,
                    post=roster.post,
                ),
            )
        elif post.roster is None:
            yield PlacedFault(
                (*where, "post"),
                said(
                    N_(
                        "roster %(roster)s is made for post %(post)s, which does not name it: add `roster: %(roster)s`"
                    ),
                    roster=roster.id,
                    post=post.id,
                ),
            )
        elif post.roster != roster.id:
            text = said(
                N_(
                    "roster %(roster)s is made for post %(post)s, which roster %(other)s holds: correct one of the two"
                ),
                roster=roster.id,
                post=post.id,
                other=post.roster,
            )
            yield PlacedFault((*where, "post"), text)
        yield from _on_roster(whole, roster, where)


def _on_roster(whole: "Directory", roster: "Roster", where: tuple[str | int, ...]) -> Iterator[PlacedFault]:
    named = [(("rotation", place), member) for place, member in enumerate(roster.rotation)]
    named += [(("leaders", place), leader) for place, leader in enumerate(roster.leaders)]
    for place, override in enumerate(roster.overrides):
        named.append((("overrides", place), override.person))
        if override.leader:
            named.append((("overrides", place), override.leader))
    for path, person in named:
        if person not in whole.people_by_id:
            text = said(
                N_(
                    "roster %(roster)s names %(person)s, who is not declared: post %(post)s would be dark on that shift, name a person"
                ),
                roster=roster.id,
                person=person,
                post=roster.post,
            )
        elif not is_reachable(whole, person):
            text = said(
                N_(
                    "roster %(roster)s names %(person)s, who has no channel: post %(post)s would be dark on that shift, give them one"
                ),
                roster=roster.id,
                person=person,
                post=roster.post,
            )
        else:
            continue
        yield PlacedFault((*where, *path), text, roster.post)


def is_reachable(whole: "Directory", person: str) -> bool:
    return bool(whole.people_by_id[PersonId(person)].channels)


def undeclared_areas(
    whole: "Directory", codes: Iterable[str], where: tuple[str | int, ...], who: Said
) -> Iterator[PlacedFault]:
    for code in codes:
        if code not in whole.areas_by_code:
            yield PlacedFault(
                where, said(N_("%(who)s names area %(code)s, which is not declared"), who=who, code=code)
            )
