"""What a sealed file of old records is: a manifest that names every byte of it, and the proof that its records are in a signed tree.

Invariant: whoever has the folder and the trail's public key needs nothing else to check it: manifest digest → files, records → leaves →
with the hashes of what lies before and behind → the root of the checkpoint in the folder. It holds whole bundles of 256.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError

from services.audit.log import layout, merkle
from services.audit.log.layout import ENTRIES, TileId
from services.audit.log.merkle import TILE_WIDTH
from services.audit.reading.views import NotInTrail
from shared.facts import Frozen
from shared.http_fields import Index

MANIFEST, CHECKPOINT, VKEY = "manifest.json", "checkpoint", "vkey"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SealedRangeError(RuntimeError):
    """The folder is not what its manifest, or its manifest not what the trail says. Says where."""


class InSealedFile(NotInTrail):
    """The records are in a sealed file and no longer in the store: not lost, elsewhere."""

    def __init__(self, start: int, end: int, manifest: str) -> None:
        super().__init__(
            f"records {start} to {end - 1} lie in the sealed file with the manifest {manifest} and no longer in the store. Proofs are "
            "given as before; whoever keeps the archive has the records (docs/architecture/retention.md)"
        )
        self.start, self.end, self.manifest = start, end, manifest


class Manifest(Frozen):
    """`manifest.json`. Its digest stands in the fact `sealed_range`."""

    format: Literal["fenghuo-sealed-range/1"] = "fenghuo-sealed-range/1"
    origin: Annotated[str, Field(max_length=200)]
    start: Index
    end: Annotated[Index, Field(ge=TILE_WIDTH)]
    first_at: Annotated[str, Field(max_length=40)]
    """Broker time of the first record, and of the last."""
    last_at: Annotated[str, Field(max_length=40)]
    size: Index
    """Of the checkpoint in the folder."""
    root: Digest
    proof: Annotated[tuple[Digest, ...], Field(max_length=128)]
    """The roots of what lies before and behind, in the order of `outside`."""
    files: dict[Annotated[str, Field(max_length=100)], Digest]
    """Path → SHA-256."""

    def write(self) -> bytes:
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)

    def digest(self) -> str:
        return digest_of(self.write())

    @classmethod
    def read(cls, raw: bytes) -> "Manifest":
        """Raises SealedRangeError."""
        try:
            manifest = cls.model_validate_json(raw)
        except ValidationError as error:
            raise SealedRangeError(f"{MANIFEST} is no manifest of a sealed range ({error.error_count()} faults): {error}") from None
        if manifest.write() != raw:
            raise SealedRangeError(f"{MANIFEST} was written anew: its bytes are not those of a manifest")
        if not is_range(manifest.start, manifest.end) or manifest.end > manifest.size:
            raise SealedRangeError(f"{MANIFEST} is of records {manifest.start} to {manifest.end}: no whole bundles below its checkpoint")
        return manifest


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def is_range(start: int, end: int) -> bool:
    return 0 <= start < end and start % TILE_WIDTH == end % TILE_WIDTH == 0


def payload_path(number: int) -> str:
    """The export lines of a bundle, gzip."""
    return f"{layout.payload_path(number)}.gz"


def paths_of(start: int, end: int) -> Iterator[str]:
    """Every file of the range, but for manifest, checkpoint and key."""
    for number in range(start // TILE_WIDTH, end // TILE_WIDTH):
        yield layout.path_of(TileId(0, number))
        yield layout.path_of(TileId(ENTRIES, number))
        yield payload_path(number)


def pack(lines: bytes) -> bytes:
    """The same lines make the same bytes."""
    return gzip.compress(lines, 6, mtime=0)


def unpack(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise SealedRangeError(f"a payload file can't be unpacked ({error})") from None


# --- the proof ---------------------------------------------------------------------------------------------------------


def outside(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots, with the leaves [start, end), make the root of the tree of `size`; from left to right."""

    def parts(low: int, high: int) -> Iterator[tuple[int, int]]:
        if high <= start or low >= end:
            yield low, high
        elif not (start <= low and high <= end):
            middle = low + split(high - low)
            yield from parts(low, middle)
            yield from parts(middle, high)

    return list(parts(0, size))


def root_with(leaves: Sequence[bytes], start: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` that has these leaves from `start` on. Raises SealedRangeError for a proof of another length."""
    end = start + len(leaves)
    ranges = outside(start, end, size)
    if len(ranges) != len(proof):
        raise SealedRangeError(f"the proof has {len(proof)} hashes, it needs {len(ranges)}")
    given = dict(zip(ranges, proof, strict=True))

    def root(low: int, high: int) -> bytes:
        if (low, high) in given:
            return given[low, high]
        if start <= low and high <= end:
            return tree_root(leaves[low - start : high - start])
        middle = low + split(high - low)
        return merkle.node_hash(root(low, middle), root(middle, high))

    return root(0, size)


def tree_root(leaves: Sequence[bytes]) -> bytes:
    return merkle.join([merkle.fold(leaves[at : at + length]) for at, length in merkle.perfect_parts(len(leaves))])


def split(width: int) -> int:
    """The largest power of two smaller than width (RFC 6962)."""
    return 1 << (width - 1).bit_length() - 1


def told(data: dict[str, Any], manifest: Manifest, digest: str) -> bool:
    """Whether the data of a fact `sealed_range` are of this manifest."""
    return (data.get("start"), data.get("end"), data.get("manifest")) == (manifest.start, manifest.end, digest)


Progress = Callable[[int, int], None]
