"""Versions: draft → approved by another person → in force from; and what a case began under stays."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalator.policy.load import parse_policy
from services.escalator.policy.versions import (
    FILE,
    MOST_SUBMISSIONS,
    Register,
    Version,
    VersionError,
    VersionStanding,
    approve,
)
from services.escalator.policy_store.bucket import Following
from services.escalator.policy_store.store import Policies
from shared.broker.bucket_follower import BucketEntry
from shared.broker.exchange import ConflictError
from shared.facts import Frozen
from shared.ids import CaseId
from shared.lined_yaml import YamlFault
from shared.vocabulary import Kind
from tests.unit.policy_given import default, directory, text_with

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STRICTER = text_with(
    ('version: "2026-11-01"', 'version: "2026-12-01"'), ("IV: { report: PT2H", "IV: { report: PT1H")
)


class Memory:
    """A store as the bucket is: compare-and-set by revision."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, int]] = {}

    async def read(self, key: str) -> tuple[bytes, int] | None:
        return self.values.get(key)

    async def write(self, key: str, raw: bytes, revision: int) -> None:
        if self.values.get(key, (b"", 0))[1] != revision:
            raise ConflictError(key)
        self.values[key] = (raw, revision + 1)

    def follower(self, take: Callable[[BucketEntry], None]) -> Following:
        return Read(self, take)


class Read:
    """Tells what is there."""

    def __init__(self, store: Memory, take: Callable[[BucketEntry], None]) -> None:
        self._store, self._take = store, take

    async def open(self) -> None:
        for key, (raw, revision) in list(self._store.values.items()):
            self._take(BucketEntry(key, revision, raw))

    async def run(self) -> None: ...

    async def check(self) -> None: ...


class Town:
    """One replica on a store that several may share, with a clock that can be set."""

    def __init__(self, store: Memory | None = None, text: str | None = None) -> None:
        self.now = NOW
        self.store = store or Memory()
        self.facts: list[tuple[Kind, str]] = []
        self.policies = Policies(
            parse_policy(text) if text else default(), self.store, directory, lambda: self.now, self._tell
        )

    async def _tell(self, kind: Kind, fact_id: str, at: datetime, data: Frozen) -> None:
        self.facts.append((kind, fact_id))


async def opened(store: Memory | None = None, text: str | None = None) -> Town:
    town = Town(store, text)
    await town.policies.open()
    return town


async def test_the_file_is_in_force_from_the_first_start_and_on_record() -> None:
    town = await opened()
    (version,) = town.policies.versions
    assert (version.drafted_by, version.approvals[0].by, version.approvals[0].in_force_from) == (
        FILE,
        FILE,
        NOW,
    )
    assert town.policies.in_force(NOW - DAY).label == default().label, (
        "a fact from before the first start is decided too"
    )
    assert [kind for kind, _ in town.facts][:2] == [Kind.POLICY_DRAFTED, Kind.POLICY_APPROVED]


async def test_another_replica_that_starts_with_the_same_file_changes_nothing() -> None:
    first = await opened()
    before = dict(first.store.values)
    await opened(first.store)
    assert first.store.values == before


async def test_a_file_that_changed_comes_into_force_and_the_one_before_stays_for_its_cases() -> None:
    first = await opened()
    second = Town(first.store, STRICTER)
    second.now = NOW + DAY
    await second.policies.open()
    assert second.policies.in_force(NOW + DAY).document.version == "2026-12-01"
    assert second.policies.in_force(NOW).label == default().label
    assert second.policies.by_label(default().label).text == text_with()


async def test_a_draft_is_nobodys_policy_until_another_person_approves_it() -> None:
    town = await opened()
    town.now += timedelta(minutes=1)
    draft = await town.policies.draft(STRICTER, "wang")
    assert town.policies.standing(draft) is VersionStanding.DRAFT
    with pytest.raises(VersionError, match="somebody else must approve it"):
        await town.policies.approve(draft.id, "wang")
    await town.policies.approve("2026-12-01", "li", NOW + DAY)
    assert town.policies.standing(town.policies.version(draft.id)) is VersionStanding.APPROVED
    assert town.policies.in_force(NOW + DAY - timedelta(microseconds=1)).document.version == "2026-11-01"
    assert town.policies.in_force(NOW + DAY).document.version == "2026-12-01", "from its very moment"
    town.now = NOW + DAY
    assert [town.policies.standing(version) for version in town.policies.versions] == [
        VersionStanding.IN_FORCE,
        VersionStanding.SUPERSEDED,
    ]


async def test_the_past_is_never_put_under_another_policy() -> None:
    town = await opened()
    draft = await town.policies.draft(STRICTER, "wang")
    with pytest.raises(VersionError, match="has passed"):
        await town.policies.approve(draft.id, "li", NOW - timedelta(seconds=1))


async def test_a_version_is_approved_once_at_a_time_and_may_come_back_later() -> None:
    town = await opened()
    draft = await town.policies.draft(STRICTER, "wang")
    await town.policies.approve(draft.id, "li", NOW + DAY)
    with pytest.raises(VersionError, match="approved already"):
        await town.policies.approve(draft.id, "li", NOW + 2 * DAY)
    town.now = NOW + 3 * DAY
    first = town.policies.version(default().label)
    await town.policies.approve(first.id, "li", NOW + 3 * DAY)
    assert town.policies.in_force(NOW + 3 * DAY).label == default().label
    assert town.policies.in_force(NOW + 2 * DAY).document.version == "2026-12-01"


async def test_a_draft_that_could_not_be_followed_is_refused_with_its_lines() -> None:
    town = await opened()
    with pytest.raises(YamlFault, match=r"policy\.yaml:17: half_hour\.fallback\.chain\.1: no post nobody"):
        await town.policies.draft(
            text_with(
                ("[secretary_general, deputy_sg_in_charge, two_offices_duty]", "[secretary_general, nobody]")
            ),
            "w",
        )


async def test_the_same_text_twice_is_one_draft_by_its_first_drafter() -> None:
    town = await opened()
    first = await town.policies.draft(STRICTER, "wang")
    assert await town.policies.draft(STRICTER, "li") == first
    with pytest.raises(VersionError):
        await town.policies.approve(first.id, "wang")


async def test_two_leaders_who_approve_at_once_approve_one_after_the_other() -> None:
    town = await opened()
    other = await opened(town.store)
    draft = await town.policies.draft(STRICTER, "wang")
    await other.policies.open()
    done = await asyncio.gather(
        town.policies.approve(draft.id, "li", NOW + DAY),
        other.policies.approve(draft.id, "zhao", NOW + DAY),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["Version", "VersionError"]


async def test_a_label_nobody_ever_put_into_force_is_not_known() -> None:
    town = await opened()
    with pytest.raises(KeyError):
        town.policies.by_label("2020-01-01 sha256:0000000000000000")


async def test_a_draft_is_laid_before_a_meeting_once_and_may_be_taken_to_another() -> None:
    town = await opened()
    draft = await town.policies.draft(STRICTER, "wang")
    meeting, other = (CaseId(str(number)) for number in ("m1", "m2"))
    await town.policies.submit(draft.id, "wang", meeting)
    again = await town.policies.submit(draft.id, "li", meeting)
    assert [(one.meeting, one.by) for one in again.submissions] == [(meeting, "wang")]
    taken = await town.policies.submit(draft.id, "li", other)
    assert [one.meeting for one in taken.submissions] == [meeting, other]
    assert town.policies.standing(taken) is VersionStanding.DRAFT
    told = {fact_id for kind, fact_id in town.facts if kind is Kind.POLICY_SUBMITTED}
    assert told == {f"policy:{draft.id}:submitted:{number}" for number in (0, 1)}
    assert (await opened(town.store)).policies.version(draft.id).submissions == taken.submissions


async def test_a_draft_goes_from_meeting_to_meeting_so_many_times_and_no_more() -> None:
    town = await opened()
    draft = await town.policies.draft(STRICTER, "wang")
    for number in range(MOST_SUBMISSIONS):
        await town.policies.submit(draft.id, "wang", CaseId(f"m{number}"))
    with pytest.raises(VersionError, match="draft it anew"):
        await town.policies.submit(draft.id, "wang", CaseId("one-too-many"))


async def test_which_version_was_in_force_from_when_is_told_in_order() -> None:
    town = await opened()
    draft = await town.policies.draft(STRICTER, "wang")
    await town.policies.approve(draft.id, "li", NOW + DAY)
    turns = town.policies.turns(NOW, NOW + 2 * DAY)
    assert [(begins, policy.document.version) for begins, policy in turns] == [
        (NOW, "2026-11-01"),
        (NOW + DAY, "2026-12-01"),
    ]


async def test_what_happened_just_before_a_crash_is_told_again_under_the_same_id() -> None:
    town = await opened()
    again = Town(town.store)
    again.now = NOW + timedelta(minutes=1)
    await again.policies.open()
    assert set(again.facts) == set(town.facts)
    later = Town(town.store)
    later.now = NOW + 8 * DAY
    await later.policies.open()
    assert later.facts == []


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_which_version_is_in_force_at_a_moment_never_changes_afterwards(
    steps: list[tuple[int, int, int]],
) -> None:
    """(version, minutes until the approval, minutes from then until it is in force), one after the other."""
    known: dict[str, Version] = {}
    now, asked = NOW, dict[datetime, str | None]()
    for number, wait, ahead in steps:
        now += timedelta(minutes=wait)
        name = f"v{number}"
        version = known.get(name) or Version(
            id=name, label=name, name=name, drafted_by="wang", drafted_at=now
        )
        if known:
            current = Register(known.values()).in_force(now - timedelta(microseconds=1))
            asked[now - timedelta(microseconds=1)] = current.id if current else None
        try:
            known[name] = approve(version, "li", now, now + timedelta(minutes=ahead))
        except VersionError:
            continue
    register = Register(known.values())
    first = register.in_force(NOW - DAY)
    for at, then in asked.items():
        found = register.in_force(at)
        assert found is not None
        assert found.id == then or (
            first is not None
            and found.id == first.id
            and at < min(one.in_force_from for one in first.approvals)
        )
