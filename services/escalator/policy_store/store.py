"""The policies of this installation: which one is in force, which one a case began under, how a new one comes
into force.

Invariant: once `open` has returned there is always a policy in force; it changes only by an approval, at the
moment the approval names. The file is the first version, or a new one: a text that was ever approved is not
approved again because a service starts with it. What happened to a version is in the bucket first, then a
fact; a fact that did not get out is told again at the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from services.escalator.policy.book import Policy
from services.escalator.policy.load import check, parse_policy
from services.escalator.policy.versions import (
    FILE,
    Approval,
    MeetingSubmission,
    Register,
    Version,
    VersionStanding,
    approve,
    digest_of,
    submit,
)
from services.escalator.policy_store.bucket import TEXT, VERSION, PolicyStore
from shared.broker.bucket_follower import BucketEntry
from shared.broker.exchange import ConflictError
from shared.directory import Directory
from shared.facts import Frozen, PolicyApproved, PolicyDrafted, PolicySubmitted
from shared.facts.policy import MeetingResolution
from shared.ids import CaseId
from shared.lined_yaml import YamlFault
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Tell = Callable[[Kind, str, datetime, Frozen], Awaitable[None]]
"""Appends a fact about no case: its kind, its id (which makes a repeat harmless), when it happened, its
data.
"""
TOLD_AGAIN = timedelta(days=7)
"""What happened so lately is told at the start where it is not on record; of what is older the record may
have been cut.
"""


class Policies:
    """Give it where `in_force` and `by_label` are asked; `open` belongs to a service's `prepare`, `run` to
    its `tasks`.
    """

    def __init__(
        self,
        first: Policy,
        store: PolicyStore,
        directory: Callable[[], Directory],
        clock: Callable[[], datetime],
        tell: Tell,
    ) -> None:
        self._first, self._store, self._directory, self._clock, self._tell = (
            first,
            store,
            directory,
            clock,
            tell,
        )
        self._texts: dict[str, str] = {digest_of(first.text): first.text}
        self._parsed: dict[str, Policy] = {digest_of(first.text): first}
        self.register = Register(())
        self._follower = store.follower(self._changed)
        self.run, self.check = self._follower.run, self._follower.check
        """Another replica's approval counts here within a moment."""
        self.listeners: list[Callable[[], None]] = []
        """Called when any version changed."""

    # Asked on the way to each decision

    def in_force(self, at: datetime) -> Policy:
        """Before the first approval: the file's."""
        for version in self.register.latest_first(at):
            try:
                return self._policy(version.id)
            except (KeyError, YamlFault) as error:
                log.error(
                    "policy_unreadable",
                    policy=version.label,
                    error=str(error),
                    next="the one before is followed; draft it anew",
                )
        return self._first

    def by_label(self, label: str) -> Policy:
        """The policy a case began under. Raises KeyError for a label nobody ever put into force here."""
        if label == self._first.label:
            return self._first
        try:
            return self._policy(self.register.labelled(label).id)
        except YamlFault as fault:
            raise KeyError(f"{label}: {fault}") from None

    def _policy(self, digest: str) -> Policy:
        if digest not in self._parsed:
            self._parsed[digest] = parse_policy(self._texts[digest], self.register.versions[digest].name)
        return self._parsed[digest]

    # Read and changed by people

    @property
    def versions(self) -> list[Version]:
        """The latest draft first."""
        return sorted(self.register.versions.values(), key=lambda version: version.drafted_at, reverse=True)

    def standing(self, version: Version) -> VersionStanding:
        return self.register.standing(version, self._clock())

    def turns(self, since: datetime, until: datetime) -> list[tuple[datetime, Policy]]:
        """From when which policy was in force, in order; the first since `since`."""
        turns = self.register.turns(since, until)
        return [(begins, self._policy(version)) for begins, version in turns] or [(since, self._first)]

    def version(self, name: str) -> Version:
        """By its id, its label, or its name where only one has it. Raises KeyError."""
        named = [
            version for version in self.register.versions.values() if version.label.partition(" ")[0] == name
        ]
        return named[0] if len(named) == 1 else self.register.labelled(name)

    def text_of(self, version: Version) -> str:
        return self._texts[version.id]

    def policy_of(self, version: Version) -> Policy:
        """Raises YamlFault for a text that an earlier version could read and this one can't."""
        return self._policy(version.id)

    async def checked(self, text: str, name: str = "policy.yaml") -> Policy:
        """The text as a policy that could be followed; nothing is kept. Raises YamlFault."""
        return await asyncio.to_thread(self._checked, text, name)

    async def draft(self, text: str, by: str, name: str = "policy.yaml") -> Version:
        """Lay a text down; the same text is the same draft. Raises YamlFault for one that could not be
        followed.
        """
        policy = await self.checked(text, name)
        digest = digest_of(text)
        version = Version(id=digest, label=policy.label, name=name, drafted_by=by, drafted_at=self._clock())
        await self._write_once(TEXT + digest, text.encode())
        if not await self._write_once(VERSION + digest, version.model_dump_json().encode()):
            found = await self._store.read(VERSION + digest)
            assert found
            version = Version.model_validate_json(found[0])
        self._take(version, text)
        await self._tell_drafted(version)
        return version

    async def approve(
        self,
        name: str,
        by: str,
        in_force_from: datetime | None = None,
        resolution: MeetingResolution | None = None,
    ) -> Version:
        """Raises KeyError, VersionError, or YamlFault where the directory has changed and it can no longer be
        followed.
        """
        drafted = self.version(name)
        await self.checked(self._texts[drafted.id], drafted.name)
        version = await self._written(
            drafted.id, lambda version, now: approve(version, by, now, in_force_from or now, resolution)
        )
        await self._tell_approved(version, version.approvals[-1])
        return version

    async def submit(self, name: str, by: str, meeting: CaseId) -> Version:
        """Raises KeyError, VersionError."""
        version = await self._written(
            self.version(name).id, lambda version, now: submit(version, by, now, meeting)
        )
        await self._tell_submitted(version, version.submissions[-1])
        return version

    async def _written(self, digest: str, step: Callable[[Version, datetime], Version]) -> Version:
        """The version as it stands, one step on."""
        while True:
            stored = await self._store.read(VERSION + digest)
            if stored is None:
                raise KeyError(digest)
            version = step(Version.model_validate_json(stored[0]), self._clock())
            with suppress(ConflictError):
                return await self._write_over(version, stored[1])

    async def _write_over(self, version: Version, revision: int) -> Version:
        """Over exactly that revision of it. Raises ConflictError."""
        await self._store.write(VERSION + version.id, version.model_dump_json().encode(), revision)
        self._take(version, self._texts[version.id])
        return version

    def _checked(self, text: str, name: str) -> Policy:
        policy = parse_policy(text, name)
        if faults := check(policy, self._directory()):
            raise YamlFault(faults)
        return policy

    # Kept

    async def open(self) -> None:
        """Know all versions; put the file into force where its text was never approved."""
        await self._follower.open()
        known = self.register.versions.get(digest_of(self._first.text))
        if known is None or not known.approvals:
            await self._take_file()
        await self._tell_again()

    async def _take_file(self) -> None:
        version = await self.draft(self._first.text, FILE, self._first.name)
        while not version.approvals:
            stored = await self._store.read(VERSION + version.id)
            if stored is None:
                raise OSError(
                    f"version {version.id} of the policy was written and is not in the bucket POLICIES"
                )
            version = Version.model_validate_json(stored[0])
            # Another replica with the same file may have approved it at this very moment.
            if not version.approvals:
                now = self._clock()
                with suppress(ConflictError):
                    version = await self._write_over(approve(version, FILE, now, now), stored[1])
                    await self._tell_approved(version, version.approvals[-1])
                    log.info("policy_from_file", policy=self._first.label)
        self._take(version, self._first.text)

    def _changed(self, entry: BucketEntry) -> None:
        key, raw = entry.key, entry.value
        if raw is None:
            return
        if key.startswith(TEXT):
            self._texts[key.removeprefix(TEXT)] = raw.decode()
        elif key.startswith(VERSION):
            version = Version.model_validate_json(raw)
            self._take(version, self._texts.get(version.id))

    def _take(self, version: Version, text: str | None) -> None:
        if text is not None:
            self._texts[version.id] = text
        if self.register.versions.get(version.id) != version:
            self.register = Register({**self.register.versions, version.id: version}.values())
            for listener in self.listeners:
                listener()

    async def _write_once(self, key: str, raw: bytes) -> bool:
        """False where somebody has written it before: then it stays."""
        try:
            await self._store.write(key, raw, 0)
        except ConflictError:
            return False
        return True

    # Told

    async def _tell_again(self) -> None:
        since = self._clock() - TOLD_AGAIN
        for version in self.register.versions.values():
            if version.drafted_at > since:
                await self._tell_drafted(version)
            for submission in version.submissions:
                if submission.at > since:
                    await self._tell_submitted(version, submission)
            for approval in version.approvals:
                if approval.at > since:
                    await self._tell_approved(version, approval)

    async def _tell_drafted(self, version: Version) -> None:
        data = PolicyDrafted(
            version=version.id, label=version.label, by=version.drafted_by, text=self._texts[version.id]
        )
        await self._tell(Kind.POLICY_DRAFTED, f"policy:{version.id}:drafted", version.drafted_at, data)

    async def _tell_submitted(self, version: Version, submission: MeetingSubmission) -> None:
        number = version.submissions.index(submission)
        data = PolicySubmitted(
            version=version.id, label=version.label, by=submission.by, meeting=submission.meeting
        )
        await self._tell(
            Kind.POLICY_SUBMITTED, f"policy:{version.id}:submitted:{number}", submission.at, data
        )

    async def _tell_approved(self, version: Version, approval: Approval) -> None:
        number = version.approvals.index(approval)
        data = PolicyApproved(
            version=version.id,
            label=version.label,
            by=approval.by,
            in_force_from=approval.in_force_from,
            resolution=approval.resolution,
        )
        await self._tell(Kind.POLICY_APPROVED, f"policy:{version.id}:approved:{number}", approval.at, data)
