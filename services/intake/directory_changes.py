"""Changes to the directory at run time: checked as a whole, kept by compare-and-set, then told as a fact.

Invariant: the bucket is written first, with the fact's bytes inside; then the fact is appended under its own id; then that it was told
is noted. A crash between any two leaves a change whose fact is missing for a while: the next start, or the next change, appends the
very bytes that lie in the bucket. A change that leaves a post dark, or takes one away that the policy names, is refused.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue
from pydantic import Field, StringConstraints
from ulid import ULID

from services.intake.access import forbidden
from services.intake.record import Record, Unreachable, connected, id_of
from services.intake.words import invalid
from shared.directory import Directory, DirectoryFault, Gap, gaps
from shared.directory.changes import apply_change, difference
from shared.directory.file_changes import file_changes
from shared.directory.kept import CURRENT, TOLD, Kept, file_key
from shared.directory.live import LiveDirectory
from shared.facts import Actor, Fact, Frozen, Instant
from shared.facts.directory import Change, DirectoryChange, Remove
from shared.problems import Problem
from shared.streams import DIRECTORY
from shared.subjects import fact_subject
from shared.tokens import Principal
from shared.vocabulary import Kind, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/intake"
TIMEOUT = 5.0
TRIES = 8
"""Compare-and-set against other intakes that change the directory at the same moment."""
REMEMBERED = 64
LIMIT = 900_000
"""Bytes of a kept directory: the broker takes messages of 1 MB."""
MAY_CHANGE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
MAY_CHANGE_SHIFTS = MAY_CHANGE | {Role.DUTY_OFFICER}
SHIFTS = frozenset({"set_absence", "end_absence", "override_roster"})
"""What a duty officer may change too: who is away, who stands in."""
AHEAD = timedelta(days=14)
"""How far ahead the answer to a change looks for the gaps it opens."""


class ChangeForm(Frozen):
    """The body of `POST /api/v1/directory/changes`: all of `changes`, or none."""

    changes: Annotated[tuple[Change, ...], Field(max_length=2000)]
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    base: Annotated[int, Field(ge=0)] | None = None
    """The revision the change was made for: refused if it is another one by now. None: whatever it is."""
    version: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    """The new version; default the present one with the revision behind a plus."""


class Changed(Frozen):
    """The answer: the directory's revision after it, and the gaps it opens within two weeks."""

    change: str
    revision: int
    version: str
    at: Instant
    repeated: bool = False
    gaps: tuple[Gap, ...] = ()


class DirectoryChanges:
    def __init__(
        self,
        live: LiveDirectory,
        record: Record,
        connection: Callable[[], Client],
        clock: Callable[[], datetime],
        named_by_policy: Callable[[], frozenset[str]],
    ) -> None:
        """`named_by_policy` gives every word the policy file uses: a post among them can't be removed."""
        self._live, self._record, self._connection, self._clock, self._named = live, record, connection, clock, named_by_policy

    async def change(self, form: ChangeForm, principal: Principal, key: str | None = None) -> Changed:
        """Problem 403, 409 (a post would be dark, or it has changed meanwhile), 422 (fields named), 503."""
        _may(principal, form)
        if not form.changes:
            raise invalid([("changes", "is empty: say what is to change")], "change")
        self._keeps_what_policy_names(form)
        change_id = id_of("directory", principal.subject, key) if key else str(ULID())
        for attempt in range(TRIES):
            before, last = await self._current()
            await self._tell(before)
            if change_id in before.recent:
                return Changed(change=change_id, revision=before.revision, version=before.directory.version, at=before.at, repeated=True)
            if form.base is not None and form.base != before.revision:
                detail = f"It was made for revision {form.base}, the directory is at {before.revision}: look at it again, and repeat."
                raise Problem(409, "Changed meanwhile", detail, revision=before.revision)
            version = form.version or f"{before.directory.version.partition('+')[0]}+{before.revision + 1}"
            wanted = DirectoryChange(by=principal.actor(), why=form.why, version=version, base=before.revision, changes=form.changes)
            after = self._kept(before, _applied(before.directory, wanted), wanted, change_id)
            if await self._store(after, last):
                await self._tell(after)
                return Changed(
                    change=change_id,
                    revision=after.revision,
                    version=version,
                    at=after.at,
                    gaps=self._new_gaps(before.directory, after.directory),
                )
            await asyncio.sleep(0.05 * attempt)
        raise Problem(409, "Changed meanwhile", "Others are changing the directory at this moment: send it again.")

    async def take_file_at_start(self, file: Directory) -> None:
        """A step of the service's `prepare`: raises OSError, on which it is tried again, while the broker does not answer."""
        try:
            await self.take_file(file)
        except Unreachable as away:
            raise OSError(away.detail) from away

    async def take_file(self, file: Directory) -> None:
        """At the start: an empty bucket is filled from the file; a file that says something new is taken in as a change.

        One that can't be (a post would be dark with what was changed at run time) is said and left aside. Raises Unreachable.
        """
        digest = hashlib.sha256(file.model_dump_json().encode()).hexdigest()
        for attempt in range(TRIES):
            before, last = await self._look()
            if before is not None and before.file == digest:
                self._live.put(before)
                await self._tell(before)
                return
            try:
                after = await self._with_file(before, file, digest)
            except DirectoryFault as fault:
                log.error("directory_file_refused", faults=str(fault), next="mend the file or what was changed at run time; start again")
                return
            if before is not None:
                await self._tell(before)
            await self._put(file_key(digest), file.model_dump_json().encode())
            if await self._store(after, last):
                await self._tell(after)
                return
            await asyncio.sleep(0.05 * attempt)

    async def _with_file(self, before: Kept | None, file: Directory, digest: str) -> Kept:
        by = Actor(principal="operator", role=Role.OPERATOR)
        if before is None:
            wanted = DirectoryChange(by=by, why="first start", version=file.version, base=0, file=digest, changes=difference(None, file))
            return self._kept(None, file, wanted, f"directory-file-{digest[:32]}")
        earlier = await self._file(before.file)
        changes = file_changes(earlier, file, before.directory)
        if not changes:
            return before.model_copy(update={"file": digest})
        version = file.version if file.version != before.directory.version else f"{file.version}+{before.revision + 1}"
        wanted = DirectoryChange(by=by, why="the file has changed", version=version, base=before.revision, file=digest, changes=changes)
        changed = apply_change(before.directory, wanted)
        return self._kept(before, changed, wanted, f"directory-file-{digest[:32]}-{before.revision + 1}")

    def _kept(self, before: Kept | None, directory: Directory, wanted: DirectoryChange, change_id: str) -> Kept:
        at = self._clock()
        raw = Fact.bytes_of(Kind.DIRECTORY_CHANGED, id=change_id, source=SOURCE, subject=None, time=at, data=wanted)
        return Kept(
            revision=wanted.base + 1,
            at=at,
            change=change_id,
            subject=fact_subject(wanted.version, Kind.DIRECTORY_CHANGED),
            fact=raw.decode(),
            file=wanted.file or (before.file if before else None),
            recent=(*(before.recent if before else ()), change_id)[-REMEMBERED:],
            directory=directory,
        )

    def _keeps_what_policy_names(self, form: ChangeForm) -> None:
        removed = [(number, one.id) for number, one in enumerate(form.changes) if isinstance(one, Remove) and one.what == "post"]
        named = self._named() if removed else frozenset[str]()
        if faults := [(f"changes.{number}.id", f"post {post} is named by the policy") for number, post in removed if post in named]:
            posts = [post for _, post in removed if post in named]
            detail = f"The policy names {', '.join(posts)}: whoever is owed something there would be dark. Change the policy first."
            raise Problem(409, "A post would be dark", detail, errors=faults, dark=posts)

    def _new_gaps(self, before: Directory, after: Directory) -> tuple[Gap, ...]:
        now = self._clock()
        known = {(gap.code, gap.subject, gap.since) for gap in gaps(before, now, now + AHEAD)}
        return tuple(gap for gap in gaps(after, now, now + AHEAD) if (gap.code, gap.subject, gap.since) not in known)

    # The bucket

    async def _current(self) -> tuple[Kept, int]:
        kept, last = await self._look()
        if kept is None:
            raise Problem(503, "No directory yet", "This intake has just started and has not stored it yet: send it again in a moment.")
        return kept, last

    async def _look(self) -> tuple[Kept | None, int]:
        try:
            entry = await (await self._bucket()).get(CURRENT)
        except KeyNotFoundError:
            return None, 0
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise _away(error) from error
        return Kept.read(entry.value or b""), entry.revision or 0

    async def _file(self, digest: str | None) -> Directory | None:
        try:
            entry = await (await self._bucket()).get(file_key(digest or "none"))
        except KeyNotFoundError:
            return None
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise _away(error) from error
        return Directory.model_validate_json(entry.value or b"")

    async def _store(self, kept: Kept, last: int) -> bool:
        """Whether it was written over exactly `last`."""
        raw = kept.write()
        if len(raw) > LIMIT:
            raise Problem(413, "Too large", f"The directory would take {len(raw)} bytes, the broker's messages hold {LIMIT}.")
        try:
            await (await self._bucket()).update(CURRENT, raw, last=last)
        except KeyWrongLastSequenceError:
            return False
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise _away(error) from error
        self._live.put(kept)
        return True

    async def _tell(self, kept: Kept) -> None:
        """Append the change's fact, unless it is known to be there. Raises Unreachable."""
        try:
            told = (await (await self._bucket()).get(TOLD)).value
        except KeyNotFoundError:
            told = None
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise _away(error) from error
        if told != kept.change.encode():
            stored = await self._record.append(kept.subject, kept.fact.encode(), kept.change)
            log.info("directory_changed", revision=kept.revision, version=kept.directory.version, sequence=stored.sequence)
            await self._put(TOLD, kept.change.encode())

    async def _put(self, key: str, value: bytes) -> None:
        try:
            await (await self._bucket()).put(key, value)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise _away(error) from error

    async def _bucket(self) -> KeyValue:
        return await connected(self._connection).jetstream(timeout=TIMEOUT).key_value(DIRECTORY)


def _may(principal: Principal, form: ChangeForm) -> None:
    needed = MAY_CHANGE_SHIFTS if all(one.op in SHIFTS for one in form.changes) else MAY_CHANGE
    if principal.role not in needed:
        raise forbidden(f"Your role is {principal.role}; this change needs one of: {', '.join(sorted(needed))}.")


def _applied(directory: Directory, wanted: DirectoryChange) -> Directory:
    try:
        return apply_change(directory, wanted)
    except DirectoryFault as fault:
        errors = [(".".join(map(str, one.path)) if one.path[0] == "changes" else "changes", one.text) for one in fault.found]
        if not fault.dark:
            raise invalid(errors, "change") from None
        detail = "Nothing is stored. " + "; ".join(one.text for one in fault.found if one.dark)
        raise Problem(409, "A post would be dark", detail, errors=errors, dark=list(fault.dark)) from None


def _away(error: BaseException) -> Unreachable:
    return Unreachable(f"The broker did not answer ({type(error).__name__}): look at the directory's revision, then send it again.")
