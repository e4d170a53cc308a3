"""A key of a bucket is written: whatever stands there, or over exactly the revision that was read.

Invariant: what returns is stored, at the revision that is returned; whoever writes over a revision that is no
longer the last has written nothing, and is told so (ConflictError).
"""

from collections.abc import Mapping

from nats.aio.client import Client
from nats.js.errors import APIError

from shared.broker.exchange import LAST, WRONG_LAST, ConflictError

WRITE_TIMEOUT = 5.0
"""Seconds to wait for the broker to say that a value is stored."""
PURGED = {"KV-Operation": "PURGE", "Nats-Rollup": "sub"}
"""Headers of an empty value by which a key and its history go."""


async def write(
    connection: Client,
    bucket: str,
    key: str,
    raw: bytes,
    *,
    over: int | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = WRITE_TIMEOUT,
) -> int:
    """Returns the revision. `over`: the revision it replaces, 0 where the key must not be there. Raises
    ConflictError, NatsError or TimeoutError.
    """
    expected = {} if over is None else {LAST: str(over)}
    try:
        ack = await connection.jetstream().publish(
            f"$KV.{bucket}.{key}", raw, timeout=timeout, headers={**expected, **(headers or {})} or None
        )
    except APIError as error:
        if error.err_code in WRONG_LAST:
            raise ConflictError(f"{bucket} {key}: {error.description}") from None
        raise
    return ack.seq
