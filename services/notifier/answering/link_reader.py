"""Whoever opens a link: the person whom its message was sent to, as the directory has them now. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from services.notifier.messages.links import Link
from services.notifier.messages.posts import AnsweredPost, answered_post
from shared.directory import Directory, Person
from shared.directory.addresses import telephone_of
from shared.facts import Actor
from shared.ids import PersonId, PostId
from shared.language.catalogue import name_in
from shared.language.words import Words
from shared.vocabulary import Language, Role


@dataclass(frozen=True)
class LinkReader:
    id: PersonId
    directory: Directory

    @classmethod
    def of(cls, link: Link, directory: Directory) -> "LinkReader":
        return cls(link.person, directory)

    @cached_property
    def _person(self) -> Person | None:
        return self.directory.people_by_id.get(self.id)

    @property
    def actor(self) -> Actor:
        unit = self._person.unit if self._person is not None else None
        return Actor(principal=self.id, role=Role.LEADER, unit=unit, person=self.id)

    @property
    def language(self) -> Language:
        return self._person.language if self._person is not None else Language.ZH

    @property
    def words(self) -> Words:
        return Words(self.language)

    @property
    def name(self) -> str:
        return self.id if self._person is None else name_in(self._person.name, self._person.language)

    @property
    def telephone(self) -> str:
        return (telephone_of(self._person) or "") if self._person is not None else ""

    def answers_for(self, post: PostId | None, now: datetime) -> AnsweredPost | None:
        return answered_post(post, self.directory, self.id, now)
