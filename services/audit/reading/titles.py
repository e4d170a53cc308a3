"""What the policy on record calls its duties: the titles people know, not the rules' names."""

from collections.abc import Mapping

from services.audit.evidence.bundle.timeline import titles_of
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter, Order
from shared.facts import Name
from shared.vocabulary import Kind


async def titles(reader: TrailReader) -> Mapping[str, Name]:
    """Of the newest policy the trail holds; none where it holds none."""
    page = await reader.search(Filter(kind=Kind.POLICY_DRAFTED), limit=1, order=Order.NEWEST)
    payloads = await reader.payloads([entry.index for entry in page.entries])
    for payload in payloads.values():
        data = payload.envelope.get("data")
        text = data.get("text") if isinstance(data, dict) else None  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(text, str):
            return titles_of(text)
    return {}
