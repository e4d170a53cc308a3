"""The directory as it was: whoever a change touches is told on the addresses from before it.

Invariant: no address stands in a fact; a notice names the moment (a sequence) in the bucket DIRECTORY before
the change. The bucket keeps the last 64 of each person; of an older one the oldest that is left is asked,
which is still the nearest to it.
"""

from collections.abc import Callable

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.directory import Directory, Person
from shared.directory.kept import CURRENT, KeptDirectory
from shared.directory.keyed import key_of, read_object
from shared.ids import PersonId
from shared.streams import DIRECTORY

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STREAM = f"KV_{DIRECTORY}"
PREFIX = f"$KV.{DIRECTORY}."
TIMEOUT = 3.0


class EarlierDirectory:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._last: tuple[int, Directory] | None = None

    async def person(self, person: PersonId, sequence: int) -> Person | None:
        """As the bucket had them at `sequence`; None for whom it did not have. Raises NatsError or
        TimeoutError; the decision comes again then.
        """
        subject = f"{PREFIX}{key_of('person', person)}"
        then = await self._ask({"multi_last": [subject], "up_to_seq": sequence})
        if _is_there(then):
            return _person(then)
        # Before there was a key for each, the directory was one value.
        single = await self._single(sequence)
        if single is not None:
            return single.people_by_id.get(person)
        oldest = await self._ask({"seq": 1, "next_by_subj": subject})
        if not _is_there(oldest):
            return None
        log.warning(
            "older_directory_is_gone", wanted=sequence, next="told on the oldest addresses that are left"
        )
        return _person(oldest)

    async def _single(self, sequence: int) -> Directory | None:
        if self._last is not None and self._last[0] == sequence:
            return self._last[1]
        value = await self._ask({"seq": sequence, "next_by_subj": f"{PREFIX}{CURRENT}"})
        if not _is_there(value):
            return None
        directory = KeptDirectory.read(value.data).directory
        self._last = sequence, directory
        return directory

    async def _ask(self, request: dict[str, object]) -> Msg:
        answer = await self._connection().request(
            f"$JS.API.DIRECT.GET.{STREAM}", orjson.dumps(request), timeout=TIMEOUT
        )
        status = (answer.headers or {}).get("Status")
        if status not in (None, "404", "204"):
            raise NatsError(f"the bucket's stream {STREAM} answers {status}")
        return answer


def _is_there(message: Msg) -> bool:
    return "Nats-Sequence" in (message.headers or {})


def _person(message: Msg) -> Person | None:
    person = read_object("person", message.data) if message.data else None
    return person if isinstance(person, Person) else None
