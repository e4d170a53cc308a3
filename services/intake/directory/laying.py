"""A change laid against the directory it is to change: what it makes of it, and whom that touches. Pure.

Invariant: nothing is stored here. The facts of a change, and the head that puts it into force, are made from
the same laid change, so that they say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.directory.facts import ChangeFact, facts_of
from shared.directory import Directory
from shared.directory.change_facts import DirectoryChange, Telling
from shared.directory.changes import apply_change
from shared.directory.fit import misfits
from shared.directory.kept import KeptDirectory
from shared.directory.parts import Ids, altered
from shared.directory.touched import touched
from shared.facts import Signature
from shared.message import N_, on_lines, said
from shared.problems import Problem

REMEMBERED = 64
"""Changes whose repeat is known as such."""
NAMED_BY = 60
"""Characters of a version that those after it begin with: a fact takes 80."""
MOST_TOUCHED = 300
"""People whom one change may touch: what each is told has to fit one decision (1 MB, 3 KB for each at
worst).
"""


class TooManyTouched(Problem):
    """413: not everybody could be told of it."""

    def __init__(self, touched: int) -> None:
        detail = said(
            N_("It touches %(touched)s people, and each is told: change at most %(most)s people at once."),
            touched=touched,
            most=MOST_TOUCHED,
        )
        super().__init__(413, N_("Too many people"), detail)


@dataclass(frozen=True)
class SettledDirectory:
    """The directory in force, after all of its latest change was written and told."""

    kept: KeptDirectory
    head_sequence: int
    addresses_at: int
    """The sequence in the bucket by which all of it was written."""

    @property
    def next_version(self) -> str:
        return version_after(self.kept.directory.version, self.kept.revision)


@dataclass(frozen=True)
class LaidChange:
    settled: SettledDirectory
    change: DirectoryChange
    """With its telling."""
    after: Directory

    @property
    def before(self) -> Directory:
        return self.settled.kept.directory

    def stored_as(self, change_id: str, at: datetime) -> tuple[KeptDirectory, list[ChangeFact]]:
        """The directory that it puts into force, and its facts. Problem 413 where an object is too large."""
        check_sizes(self.after, altered(self.before, self.after))
        return kept_after(self.settled.kept, self.after, self.change, change_id, at)


def lay(
    settled: SettledDirectory,
    change: DirectoryChange,
    now: datetime,
    *,
    by: Signature,
    approval: Signature | None = None,
) -> LaidChange:
    """`by` and `approval`: who is named to those it touches. Raises DirectoryFault, TooManyTouched."""
    before = settled.kept.directory
    after = apply_change(before, change)
    people = touched(before, after, now)
    if len(people) > MOST_TOUCHED:
        raise TooManyTouched(len(people))
    telling = None
    if people:
        telling = Telling(addresses_at=settled.addresses_at, by=by, approved_by=approval, told=people)
    return LaidChange(settled, change.model_copy(update={"telling": telling}), after)


def kept_after(
    before: KeptDirectory | None, directory: Directory, change: DirectoryChange, change_id: str, at: datetime
) -> tuple[KeptDirectory, list[ChangeFact]]:
    facts = facts_of(change, change_id, at)
    kept = KeptDirectory.model_construct(
        revision=change.base + 1,
        at=at,
        change=change_id,
        subject=facts[0].subject,
        fact=facts[0].raw.decode(),
        file=change.file or (before.file if before else None),
        recent=remembered(before.recent if before else (), change_id),
        directory=directory,
    )
    return kept, facts


def remembered(recent: Sequence[str], change_id: str) -> tuple[str, ...]:
    return (*recent, change_id)[-REMEMBERED:]


def version_after(version: str, revision: int) -> str:
    """The version of the revision that comes next."""
    return f"{version.partition('+')[0][:NAMED_BY]}+{revision + 1}"


def check_sizes(directory: Directory, ids: Ids | None = None) -> None:
    """Problem 413 where one of these objects (None: of all) would not fit a message."""
    if faults := misfits(directory, ids):
        raise Problem(413, N_("Too large"), on_lines(faults))
