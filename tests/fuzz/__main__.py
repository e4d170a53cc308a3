"""`python -m tests.fuzz [parser …]`: each parser for FUZZ_SECONDS (60), starting from well-formed input that
is bent, cut and spliced.

Invariant: a parser returns or raises the error it declares; any other exception is printed with the bytes
that made it, and the end is 1.
"""

import os
import random
import sys
import time
import traceback

from tests.fuzz.parsers import PARSERS, Parser

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
PIECES = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[2J", b"\n", b".", b"~", b"="),
    *(b"NaN", b"1e999", b"9" * 5000, b"-1", b"null", b"[" * 200, b'{"a":' * 200),
    *(b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00"),
    *(b"<!DOCTYPE a>", b"&a;", b"*a", b"!!int x"),
)


def bent(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """One to eight changes to `seed`."""
    out = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at, end = sorted((chance.randint(0, len(out)), chance.randint(0, len(out))))
        match chance.randrange(6):
            case 0 if out:
                out[min(at, len(out) - 1)] ^= 1 << chance.randrange(8)
            case 1:
                out[at:at] = chance.choice(PIECES)
            case 2:
                del out[at : min(end, at + 40)]
            case 3:
                out[at:at] = out[at : min(end, at + 200)]
            case 4:
                begin = chance.randint(0, len(other))
                out[at : at + 20] = other[begin : begin + 60]
            case _:
                out[at : min(end, at + 20)] = chance.choice(PIECES)
    return bytes(out)


def fuzz(parser: Parser) -> int:
    chance, seeds = random.Random(parser.name), list(parser.seeds)
    ends_at, made, found = time.monotonic() + SECONDS, 0, set[str]()
    while time.monotonic() < ends_at:
        raw = bent(chance.choice(seeds), chance.choice(seeds), chance)
        made += 1
        began = time.monotonic()
        try:
            parser.read(raw)
        except parser.declared:
            if len(seeds) < 400 and chance.random() < 0.01:
                seeds.append(raw)
        except Exception as error:  # what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {where.filename}:{where.lineno}"
            if key not in found:
                found.add(key)
                print(f"!! {parser.name}: {key}: {str(error)[:200]}\n   {raw[:600]!r}", flush=True)  # noqa: T201
        if time.monotonic() - began > 2:
            print(  # noqa: T201
                f"!! {parser.name}: {time.monotonic() - began:.1f} s for {len(raw)} bytes\n   {raw[:600]!r}",
                flush=True,
            )
    print(f"{parser.name}: {made} inputs, {len(found)} faults", flush=True)  # noqa: T201
    return len(found)


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARSERS)
    sys.exit(1 if sum(fuzz(PARSERS[name]) for name in wanted) else 0)
