"""Requests of one principal at a steady rate, whatever is answered; in a process of its own: what `python -m
bench flood` sends.

`python -m bench.flood_source PORT RATE SECONDS`, one whole request on the standard input; prints the answers
by status.
"""

import asyncio
import sys
import time
from collections import Counter

import uvloop

CONNECTIONS = 400
"""So many that the flood goes on while some of its requests wait for their turn."""


async def flood(port: int, rate: float, seconds: float, request: bytes) -> Counter[str]:
    said, began = Counter[str](), time.monotonic()

    async def line(number: int) -> None:
        """Every so-manieth request. A line that is ended is opened again."""
        reader = writer = None
        for turn in range(number, int(rate * seconds), CONNECTIONS):
            await asyncio.sleep(max(0.0, began + turn / rate - time.monotonic()))
            if time.monotonic() - began > seconds:
                break
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(one[16:])
                        for one in head.lower().split(b"\r\n")
                        if one.startswith(b"content-length: ")
                    ),
                    0,
                )
                await reader.readexactly(length)
                said[head.split(b" ", 2)[1].decode()] += 1
                if b"connection: close" in head.lower():
                    writer.close()
                    reader = writer = None
            except (OSError, asyncio.IncompleteReadError):
                said["ended"] += 1
                reader = writer = None

    await asyncio.gather(*(line(number) for number in range(CONNECTIONS)))
    return said


if __name__ == "__main__":
    port_, rate_, seconds_ = sys.argv[1:]
    print(dict(uvloop.run(flood(int(port_), float(rate_), float(seconds_), sys.stdin.buffer.read()))))
