"""The trail in MongoDB: its collections, made and opened together, and which server keeps them.

Invariant: what an insert returned from is on disk of a majority (w=majority, j=true), and a key is taken once
for ever. Personal data lies in a database of its own (`fenghuo_payloads`), the one place where a redactor's
role may erase.
"""

from dataclasses import dataclass

from pymongo.errors import CollectionInvalid, OperationFailure

from services.audit.store.calls import LONG_SECONDS, Doc, StoreError, answer_of, client
from services.audit.store.checkpoints import Checkpoints
from services.audit.store.cosignatures import CosignatureStore
from services.audit.store.entries import Entries
from services.audit.store.listed_acts import ListedActs
from services.audit.store.payloads import Payloads
from services.audit.store.schemas import VALIDATORS
from services.audit.store.search_index import SearchStore
from services.audit.store.tiles import Tiles
from services.audit.store.timestamps import TimestampStore

TRAIL_DATABASE = "fenghuo_trail"
PAYLOAD_DATABASE = "fenghuo_payloads"
EMBEDDED_SET = "secantus"


@dataclass(frozen=True)
class Server:
    """Which server keeps the trail."""

    name: str
    embedded: bool
    product: str = ""
    """`MongoDB 8.0.4`; empty for the embedded one."""
    replica_set: str | None = None


def database_of(name: str, number: int) -> str:
    """Each trail of an installation has databases of its own; those of the first bear the name alone."""
    return name if number == 1 else f"{name}_{number}"


class Trail:
    def __init__(self, url: str, number: int = 1) -> None:
        """`number`: which of the installation's trails, counted from 1 (writing/succession.py)."""
        self._client = client(url, "fenghuo-audit", connections=10)
        trail_name, payload_name = database_of(TRAIL_DATABASE, number), database_of(PAYLOAD_DATABASE, number)
        database = self._client[trail_name]
        self.entries = Entries(database["entries"])
        self.tiles = Tiles(database["tiles"])
        self.checkpoints = Checkpoints(database["checkpoints"])
        self.acts = ListedActs(database["keeping"])
        self.payloads = Payloads(self._client[payload_name], self.entries)
        self.search = SearchStore(self._client, trail_name, payload_name)
        self.timestamps = TimestampStore(database)
        self.cosignatures = CosignatureStore(database)

    def close(self) -> None:
        self._client.close()

    async def ping(self) -> None:
        await answer_of(self._client.admin.command("ping"))

    async def server(self) -> Server:
        hello: Doc = await answer_of(self._client.admin.command("hello"))
        build: Doc = await answer_of(self._client.admin.command("buildInfo"))
        name = hello.get("setName")
        if name == EMBEDDED_SET:
            return Server(
                "secantus (embedded: for evaluation and development, not for retained records)", True
            )
        product = f"MongoDB {build.get('version')}"
        return Server(
            f"{product}, replica set {name}" if name else f"{product}, standalone", False, product, name
        )

    async def prepare(self) -> None:
        """Collections with their validators, and indexes; what exists is left as it is, and asks for no right
        to make it.
        """
        own = (self.entries, self.tiles, self.checkpoints, self.acts, self.timestamps, self.cosignatures)
        ours = [part.collection for part in own]
        for collection in (*ours, *self.payloads.collections, *self.search.collections):
            if collection.name in await answer_of(collection.database.list_collection_names()):
                continue
            try:
                await answer_of(
                    collection.database.create_collection(
                        collection.name, validator={"$jsonSchema": VALIDATORS[collection.name]}
                    ),
                    LONG_SECONDS,
                )
            except StoreError as error:
                if not _exists_already(error.__cause__):
                    raise
        await self.entries.prepare()
        await self.payloads.prepare()


def _exists_already(cause: BaseException | None) -> bool:
    return isinstance(cause, CollectionInvalid) or (isinstance(cause, OperationFailure) and cause.code == 48)
