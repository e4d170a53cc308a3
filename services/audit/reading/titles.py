"""What the policy on record calls its duties: the titles people know, not the rules' names."""

from collections.abc import Mapping

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter, Order
from services.audit.records.body import FactBody
from shared.facts import Name
from shared.lined_yaml import YamlFault, plain
from shared.vocabulary import Kind


async def titles(reader: TrailReader) -> Mapping[str, Name]:
    """Of the newest policy the trail holds; none where it holds none."""
    page = await reader.search(Filter(kind=Kind.POLICY_DRAFTED), limit=1, order=Order.NEWEST)
    payloads = await reader.records.payloads([entry.index for entry in page.entries])
    for payload in payloads.values():
        text = FactBody(payload.envelope).part("data").text("text")
        if text is not None:
            return titles_of(text)
    return {}


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
