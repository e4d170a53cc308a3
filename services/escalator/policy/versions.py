"""The versions of the policy: draft → laid before a meeting → approved → in force from. Pure.

Invariant: nobody approves their own draft, nothing comes into force before it was approved, and which version
is in force at a moment never changes afterwards. An approved text never changes: another text is another
version.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from shared.facts import Frozen, Instant
from shared.facts.policy import MeetingResolution
from shared.ids import CaseId
from shared.message import N_, Said, said

FILE = "file"
"""Who drafts and approves the file a service is started with: whoever may write it has approved it."""

MOST_SUBMISSIONS = 20


class VersionError(ValueError):
    """A step that this version can't take, and what to do instead."""

    def __init__(self, text: Said) -> None:
        super().__init__(text)


class VersionStanding(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    """In force from a moment still ahead."""
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"


class Approval(Frozen):
    by: str
    at: Instant
    in_force_from: Instant
    resolution: MeetingResolution | None = None


class MeetingSubmission(Frozen):
    """Laid before a meeting, which decides on it."""

    meeting: CaseId
    by: str
    at: Instant


class Version(Frozen):
    id: str
    """Digest of the text, sixteen hexadecimal digits."""
    label: str
    name: str
    """The file's name, or what the drafter called it: for messages."""
    drafted_by: str
    drafted_at: Instant
    approvals: tuple[Approval, ...] = ()
    """A version can be put into force again after another."""
    submissions: tuple[MeetingSubmission, ...] = ()
    """The last one counts: a draft may be taken to another meeting."""


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def approve(
    version: Version,
    by: str,
    at: datetime,
    in_force_from: datetime,
    resolution: MeetingResolution | None = None,
) -> Version:
    """Raises VersionError."""
    if by == version.drafted_by and by != FILE:
        raise VersionError(said(N_("%(by)s has drafted it: somebody else must approve it"), by=by))
    if in_force_from < at:
        raise VersionError(
            said(
                N_("in force from %(in_force_from)s has passed: write a time from now on"),
                in_force_from=in_force_from.isoformat(),
            )
        )
    if version.approvals and version.approvals[-1].in_force_from > at:
        raise VersionError(
            said(
                N_("it is approved already, in force from %(in_force_from)s"),
                in_force_from=version.approvals[-1].in_force_from.isoformat(),
            )
        )
    approval = Approval(by=by, at=at, in_force_from=in_force_from, resolution=resolution)
    return version.model_copy(update={"approvals": (*version.approvals, approval)})


def submit(version: Version, by: str, at: datetime, meeting: CaseId) -> Version:
    """The same version where it lies before that meeting already. Raises VersionError."""
    if version.submissions and version.submissions[-1].meeting == meeting:
        return version
    if len(version.submissions) >= MOST_SUBMISSIONS:
        raise VersionError(
            said(N_("it has been laid before %(most)s meetings: draft it anew"), most=MOST_SUBMISSIONS)
        )
    submission = MeetingSubmission(meeting=meeting, by=by, at=at)
    return version.model_copy(update={"submissions": (*version.submissions, submission)})


class Register:
    """All versions there are, by their ids."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self.versions = {version.id: version for version in versions}

    @cached_property
    def _turns(self) -> list[tuple[datetime, datetime, str]]:
        """(in force from, approved at, id), in order: of two from the same moment the one approved last
        counts.
        """
        return sorted(
            (one.in_force_from, one.at, version.id)
            for version in self.versions.values()
            for one in version.approvals
        )

    @cached_property
    def _begins(self) -> list[datetime]:
        return [begins for begins, _, _ in self._turns]

    def in_force(self, at: datetime) -> Version | None:
        """The version in force at `at`, which counts from its very moment; before the first, the first. None
        where none was approved.
        """
        return next(self.latest_first(at), None)

    def latest_first(self, at: datetime) -> Iterator[Version]:
        """The version in force at `at`, the one in force before it, and so on back to the first."""
        if self._turns:
            last = max(0, bisect_right(self._begins, at) - 1)
            yield from (self.versions[version] for _, _, version in reversed(self._turns[: last + 1]))

    def turns(self, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
        """(from when, id) of the version in force at `since`, and of those that came into force until `until`."""
        first = self.in_force(since)
        later = [(begins, version) for begins, _, version in self._turns if since < begins <= until]
        return [*([(since, first.id)] if first is not None else []), *later]

    def standing(self, version: Version, at: datetime) -> VersionStanding:
        if not version.approvals:
            return VersionStanding.DRAFT
        current = self.in_force(at)
        if current is not None and current.id == version.id:
            return VersionStanding.IN_FORCE
        return (
            VersionStanding.APPROVED
            if version.approvals[-1].in_force_from > at
            else VersionStanding.SUPERSEDED
        )

    def labelled(self, label: str) -> Version:
        """Raises KeyError."""
        return (
            next((version for version in self.versions.values() if version.label == label), None)
            or self.versions[label]
        )
