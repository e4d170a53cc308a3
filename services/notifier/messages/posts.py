"""For which post somebody answers, and in whose place. Pure.

Invariant: only a post that this person holds now, or is a deputy of, is named as theirs.
"""

from datetime import datetime
from typing import NamedTuple

from shared.directory import Directory
from shared.facts import Name
from shared.ids import PersonId, PostId
from shared.language.catalogue import N_
from shared.language.words import Words

IN_PERSON = N_("You answer as: %(post)s")
IN_PLACE_OF = N_("You answer for: %(post)s, in place of %(holder)s")


class AnsweredPost(NamedTuple):
    post: PostId
    name: Name
    in_place_of: Name | None
    """The post's own holder, for whom a deputy answers; nobody for who is on the shift of the post's roster."""

    def in_words(self, words: Words) -> str:
        post = words.name(self.name)
        if self.in_place_of is None:
            return words.of(IN_PERSON, post=post)
        return words.of(IN_PLACE_OF, post=post, holder=words.name(self.in_place_of))


def answered_post(
    post: PostId | None, directory: Directory, reader: PersonId, now: datetime
) -> AnsweredPost | None:
    entry = directory.posts_by_id.get(post) if post is not None else None
    if entry is None:
        return None
    if reader == entry.holder or (
        directory.holder_of(entry.id, now).id == reader and entry.roster is not None
    ):
        return AnsweredPost(entry.id, entry.name, None)
    if reader in entry.deputies:
        return AnsweredPost(entry.id, entry.name, directory.people_by_id[entry.holder].name)
    return None
