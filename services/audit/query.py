"""Reading the trail: search, records, cases, proofs. Every answer is bounded in time and holds up to a named checkpoint.

Invariant: nothing above the last signed checkpoint is ever shown, so that whatever is shown can be proven.
"""

from services.audit.views import ConsistencyProof, Entry, Filter, InclusionProof, Order, Page, Record, State


class TrailReader:
    """What the API, the explorer and the reports ask. Raises NotInTrail where there is nothing to show."""

    async def search(self, what: Filter, *, cursor: str | None = None, limit: int = 50, order: Order = Order.NEWEST) -> Page:
        raise NotImplementedError

    async def record(self, index: int) -> Record:
        raise NotImplementedError

    async def case(self, case_id: str) -> list[Entry]:
        """All records of a case up to the last checkpoint, in order. Empty where there are none."""
        raise NotImplementedError

    async def inclusion(self, index: int, size: int | None = None) -> InclusionProof:
        raise NotImplementedError

    async def consistency(self, first: int, second: int | None = None) -> ConsistencyProof:
        raise NotImplementedError

    async def state(self) -> State:
        raise NotImplementedError
