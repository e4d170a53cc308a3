"""The directory as it was when something was decided, made again from its changes on record.

Invariant: a directory comes out only where every change from the first on is on record; else that of then is
not known, which the caller says. A decision names the revision it was made by; of one that does not (of an
earlier version), what counts is which changes stood on record before it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from nats.aio.client import Client

from shared.broker.stored import StoredMessage
from shared.broker.walk import walk
from shared.directory import Directory
from shared.directory.change_facts import Change, DirectoryChange
from shared.directory.keyed import Objects
from shared.directory.live import LiveDirectory
from shared.facts import Fact, FactError
from shared.facts.authenticity import distrust
from shared.streams import FACTS
from shared.vocabulary import Kind

KEPT = 4
"""Earlier directories that are kept for the next case."""


class DecisionMoment(NamedTuple):
    """When a decision was made."""

    revision: int
    """Of the directory, as the decision names it; 0 where it does not."""
    sequence: int
    """Of the decision in FACTS."""


class DirectoryRevision(NamedTuple):
    """A change of the directory as it stands on record."""

    sequence: int
    """Of its last fact."""
    base: int
    version: str
    changes: tuple[Change, ...]


def revisions_of(facts: Iterator[tuple[int, Fact]]) -> Iterator[DirectoryRevision]:
    """Of the facts `directory_changed` in their order; one that was stored again under its id counts once."""
    fact_ids, parts = set[str](), list[DirectoryChange]()
    for sequence, fact in facts:
        if fact.id in fact_ids:
            continue
        fact_ids.add(fact.id)
        try:
            change = DirectoryChange.model_validate(fact.data)
        except ValueError:
            continue
        if change.part == 1:
            parts.clear()
        parts.append(change)
        if change.part == change.parts == len(parts):
            yield DirectoryRevision(
                sequence,
                change.base,
                change.version,
                tuple(part_change for part in parts for part_change in part.changes),
            )


def directories_at(
    moments: Collection[DecisionMoment], revisions: Sequence[DirectoryRevision]
) -> dict[DecisionMoment, Directory]:
    """Those that are on record. Pure."""
    moments_at: dict[int, list[DecisionMoment]] = {}
    for moment in moments:
        if (place := _place_of(moment, revisions)) is not None:
            moments_at.setdefault(place, []).append(moment)
    directories: dict[DecisionMoment, Directory] = {}
    objects, now = Objects(), 0
    for place, revision in enumerate(revisions):
        if revision.base == 0:
            objects, now = Objects(), 0  # the first of all, or of a bucket made anew
        if revision.base != now:
            continue  # one before it is not on record
        objects.apply(revision.changes)
        now += 1
        if place in moments_at:
            directories |= dict.fromkeys(moments_at[place], objects.directory(revision.version))
    return directories


def _place_of(moment: DecisionMoment, revisions: Sequence[DirectoryRevision]) -> int | None:
    """Of its revision. A change is in force a moment before its fact is stored, so that one named may stand
    after the decision.
    """
    named = [place for place, revision in enumerate(revisions) if moment.revision in (0, revision.base + 1)]
    before = [place for place in named if revisions[place].sequence < moment.sequence]
    return before[-1] if before else named[0] if named else None


class EarlierDirectories:
    def __init__(self, connection: Callable[[], Client], live: LiveDirectory) -> None:
        self._connection, self._live = connection, live
        self._kept: OrderedDict[int, Directory] = OrderedDict()

    async def at(self, moments: Collection[DecisionMoment]) -> Mapping[DecisionMoment, Directory]:
        """Those that are known. The record is read only for what is neither of now nor was asked for a moment
        ago. Raises WalkError.
        """
        at_hand = {**self._kept, self._live.revision: self._live.now}
        directories = {
            moment: at_hand[moment.revision]
            for moment in moments
            if moment.revision and moment.revision in at_hand
        }
        missing = [moment for moment in moments if moment not in directories]
        if not missing:
            return directories
        stored = [
            message async for message in walk(self._connection, FACTS, f"fact.*.{Kind.DIRECTORY_CHANGED}")
        ]
        # A city's directory takes seconds to read: the lanes go on meanwhile.
        from_record = await asyncio.to_thread(
            lambda: directories_at(missing, [*revisions_of(_authentic(stored))])
        )
        for moment, directory in from_record.items():
            if moment.revision:
                self._kept[moment.revision] = directory
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return directories | from_record


def _authentic(stored: Sequence[StoredMessage]) -> Iterator[tuple[int, Fact]]:
    for message in stored:
        try:
            fact = Fact.read(message.data)
        except FactError:
            continue
        if distrust(message.subject, message.headers, fact) is None:
            yield message.sequence, fact
