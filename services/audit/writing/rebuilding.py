"""Makes records that the store has lost again, from FACTS and from what the payloads' database keeps: the
same bytes, the same root.

Invariant: nothing is written unless the whole makes the root that was signed; where it can't, it is said
which record, and why.
"""

from collections.abc import AsyncIterator

from services.audit.records.actors import RecentIds
from services.audit.records.builder import Built, WriterStream, build_all, opened
from services.audit.records.stored import SignedCheckpoint
from services.audit.store.entries import STREAM
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from services.audit.writing.feed import Feed
from services.audit.writing.heads import Heads
from services.audit.writing.signer import RefusedError
from shared.tlog import merkle
from shared.tlog.merkle import Edge

_AT_ONCE = 256


async def rebuild(trail: Trail, feed: Feed, signed: SignedCheckpoint, follows: str | None) -> tuple[int, int]:
    """[start, end) of the records made again, up to the last that was signed. Raises RefusedError, and has
    written nothing then.
    """
    await trail.prepare()
    start = await trail.entries.size()
    if start >= signed.size:
        return start, start
    edge = await StoredTree(trail).edge(start)
    async for batch in _rebuilt(trail, feed, start, signed.size, follows):
        for record in batch:
            edge.append(record.entry.leaf)
    if edge.root() != signed.root:
        raise RefusedError(
            f"records {start} to {signed.size - 1}, made again, do not make the root that was signed: a fact, a salt or an author's salt "
            "is not what it was. Nothing was written; restore the store from a copy"
        )
    await _write(
        trail, await StoredTree(trail).edge(start), _rebuilt(trail, feed, start, signed.size, follows)
    )
    return start, signed.size


async def _write(trail: Trail, edge: Edge, batches: AsyncIterator[list[Built]]) -> None:
    async for batch in batches:
        await trail.entries.insert([record.entry for record in batch])
        filled = [tile for record in batch for tile in edge.append(record.entry.leaf)]
        await trail.tiles.insert([(tile, merkle.fold(tile.hashes)) for tile in filled])


async def _rebuilt(
    trail: Trail, feed: Feed, start: int, end: int, follows: str | None
) -> AsyncIterator[list[Built]]:
    created = (await feed.stream()).created
    heads, recent_ids = Heads(trail), RecentIds()
    for at in range(start, end, _AT_ONCE):
        indexes = range(at, min(at + _AT_ONCE, end))
        messages = await feed.fetch_range(indexes.start + 1, indexes.stop + 1)
        kept = await trail.payloads.at(indexes)
        for index in indexes:
            payload = kept.get(index)
            if (
                index + 1 not in messages
                or payload is None
                or payload.making is None
                or payload.raw != messages[index + 1].raw
            ):
                raise RefusedError(_why_not(index, index + 1 in messages, payload is not None))
        read = [opened(messages[index + 1]) for index in indexes]
        authors = await trail.payloads.make_authors(
            {message.principal for message in read if message.principal is not None}
        )
        case_heads = await heads.of({message.case for message in read})
        source = WriterStream(STREAM, created, 0, follows)
        # Times and writers are those kept with each payload.
        built = build_all(
            [message.message for message in read],
            case_heads,
            source,
            authors,
            messages[at + 1].time,
            kept,
            recent_ids,
            already=read,
        )
        heads.move_on({record.case: record.head for record in built})
        yield built


def _why_not(index: int, has_fact: bool, has_payload: bool) -> str:
    if not has_fact:
        why = "the broker no longer has its fact"
    elif not has_payload:
        why = "its salts are not in the payloads' database"
    else:
        why = "its time was not kept: it was stored by an earlier version, was erased, or is not the fact that the broker has"
    return f"record {index} can't be made again: {why}. Nothing was written; restore the store from a copy"
