"""Reading the trail: checkpoints, proofs, records and search, each by its own part.

Invariant: nothing above the last signed checkpoint is ever shown, so that whatever is shown can be proven.
"""

from services.audit.checking.search_index import Report, check_search
from services.audit.reading.checkpoints import SignedCheckpoints
from services.audit.reading.keeper import Keeper
from services.audit.reading.proofs import Proofs
from services.audit.reading.records import Records
from services.audit.reading.search.plan import Below, none_below
from services.audit.reading.search.searching import Searcher
from services.audit.reading.views import Filter, Order, Page, checkpoint_view
from services.audit.records.search_terms import Macs
from services.audit.store.cosignatures import Cosigned
from services.audit.store.trail import Trail


class TrailReader:
    """What the API, the explorer and the reports ask. Raises NotInTrail where there is nothing to show."""

    def __init__(
        self,
        trail: Trail,
        *,
        macs: Macs | None = None,
        below: Below = none_below,
        cosigned: Cosigned | None = None,
    ) -> None:
        """`macs`: the key words are looked for with. `below`: the units under a unit."""
        self._trail = trail
        self._searcher = Searcher(trail, macs=macs, below=below)
        self.checkpoints = SignedCheckpoints(
            trail, cosigned or Cosigned(trail.cosignatures, trail.checkpoints)
        )
        self.proofs = Proofs(trail, self.checkpoints)
        self.records = Records(trail, self.checkpoints, self.proofs, Keeper(trail))

    async def search(
        self,
        record_filter: Filter,
        *,
        cursor: str | None = None,
        limit: int = 50,
        order: Order = Order.NEWEST,
    ) -> Page:
        """Raises searching.BadCursor for a cursor that is none of this search."""
        signed = await self.checkpoints.newest()
        result = await self._searcher.search(
            record_filter, signed.size, cursor=cursor, limit=limit, order=order
        )
        return Page(
            entries=tuple(await self.records.views(result.entries)),
            here=result.here,
            next=result.next,
            searched_to=result.searched_to,
            cut=result.cut,
            checkpoint=checkpoint_view(signed),
        )

    async def check_search(self, size: int, report: Report, macs: Macs | None) -> int:
        """Every tile of the search index made again. Returns how many were compared."""
        return await check_search(self._trail, size, report, macs=macs)
