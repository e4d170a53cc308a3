"""Who is in charge of a matter (谁分管谁负责): of the posts that stand for another, the one whose portfolio has it.

Invariant: always one post, the same for the same matter: the portfolio of the smallest area that holds the
place, there a topic before a kind before a category before an area alone, then the post declared first.
Whatever no portfolio has stays with the post itself, so that a directory without portfolios works as ever.
"""

from collections.abc import Iterator

from shared.directory.competence import MatterSort
from shared.directory.people import Post
from shared.ids import AreaCode, PostId
from shared.vocabulary import Category


def in_charge(
    post: PostId, portfolios: tuple[Post, ...], matter: MatterSort, path: tuple[AreaCode, ...]
) -> PostId:
    """The post of these that answers for the matter where `post` is named; `path`: its area and those above."""
    ranked = [(rank, one.id) for one in portfolios if (rank := _rank(one, matter, path)) is not None]
    return max(ranked, key=lambda each: each[0])[1] if ranked else post


def _rank(post: Post, matter: MatterSort, path: tuple[AreaCode, ...]) -> tuple[int, int] | None:
    """How closely the portfolio fits; None where it does not."""
    depths = [len(path) - path.index(code) for code in post.areas if code in path]
    if post.areas and not depths:
        return None
    if matter.topic is not None and matter.topic in post.topics:
        about = 3
    elif matter.kind in post.kinds:
        about = 2
    elif matter.category in post.categories:
        about = 1
    elif post.kinds or post.categories or post.topics:
        return None
    else:
        about = 0
    return max(depths, default=0), about


def shared_fields(one: Post, other: Post) -> Iterator[str]:
    """What two portfolios both have in the same area."""
    if set(one.areas or ("",)).isdisjoint(other.areas or ("",)):
        return
    yield from sorted(
        {*one.topics, *one.kinds, *one.categories} & {*other.topics, *other.kinds, *other.categories}
    )


def unassigned(posts: tuple[Post, ...]) -> list[Category]:
    """The categories that none of these portfolios has everywhere."""
    held = {category for post in posts if not post.areas for category in post.categories}
    return [category for category in Category if category not in held]
