"""What is read ahead of a check is what would have been read without."""

from dataclasses import replace

from services.audit.checking.ahead import Ahead
from services.audit.reading.views import NotInTrail
from services.audit.records.payloads import Payload
from services.audit.store.trail import Stored
from tests.audit.made import MadeTrail
from tests.audit.story import a_story


class Doubled(MadeTrail):
    """The first look finds another's payload for record 1 and none for record 2, as after a crash or an erasure."""

    async def payloads_between(self, start: int, end: int) -> dict[int, Payload]:
        found = await self.payloads(range(start, end))
        return {1: replace(found.pop(1), salt=b"of another"), **{index: one for index, one in found.items() if index != 2}}


class Holed(Doubled):
    """A window can't be read as a whole."""

    async def stored(self, start: int, end: int) -> list[Stored]:
        if end - start > 4:
            raise NotInTrail("it is gone")
        return await super().stored(start, end)


async def test_a_payload_that_does_not_fit_its_record_is_looked_for_everywhere() -> None:
    trail = Doubled(a_story()[1])
    ahead = Ahead(trail.reader, 0, trail.signed.size, payloads=True)
    entries = await ahead.entries(0, trail.signed.size)
    assert entries == trail.entries
    assert await ahead.payloads(entries) == trail.held
    await ahead.close()


async def test_a_window_that_cannot_be_read_is_asked_for_in_parts() -> None:
    trail = Holed(a_story()[1])
    ahead = Ahead(trail.reader, 0, trail.signed.size, payloads=True)
    entries = await ahead.entries(0, 4)
    assert entries == trail.entries[:4]
    assert await ahead.payloads(entries) == {index: trail.held[index] for index in range(4)}
    await ahead.close()
