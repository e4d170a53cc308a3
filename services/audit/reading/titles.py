"""What the policy on record calls its duties: the titles people know, not the rules' names."""

from collections.abc import Mapping
from functools import lru_cache

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter, Order
from shared.facts import Name
from shared.facts.body import FactBody
from shared.lined_yaml import YamlFault, plain
from shared.vocabulary import Kind

_POLICIES = 20
"""The newest of so many are asked: a case keeps the policy it began under."""


async def titles(reader: TrailReader) -> Mapping[str, Name]:
    """Of the policies the trail holds, the newest first; none where it holds none."""
    page = await reader.search(Filter(kind=Kind.POLICY_DRAFTED), limit=_POLICIES, order=Order.NEWEST)
    payloads = await reader.records.payloads([entry.index for entry in page.entries])
    found: dict[str, Name] = {}
    for _, payload in sorted(payloads.items()):
        text = FactBody(payload.envelope).part("data").text("text")
        found |= titles_of(text) if text is not None else {}
    return found


@lru_cache(maxsize=_POLICIES)
def titles_of(text: str) -> Mapping[str, Name]:
    """The titles of a policy's duties; none where the text is no policy."""
    try:
        parsed: object = plain(text, "policy")
    except YamlFault:
        return {}
    duties = FactBody(parsed).part("duties").fields
    titles = {rule: FactBody(duty).part("title").fields for rule, duty in duties.items()}
    return {
        rule: Name(zh=str(title["zh"]), en=str(title["en"]))
        for rule, title in titles.items()
        if {"zh", "en"} <= title.keys()
    }
