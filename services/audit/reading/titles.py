"""What the policy on record calls its duties: the titles people know, not the rules' names."""

from collections.abc import Mapping
from typing import Any, cast

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter, Order
from shared.facts import Name
from shared.lined_yaml import YamlFault, plain
from shared.vocabulary import Kind


async def titles(reader: TrailReader) -> Mapping[str, Name]:
    """Of the newest policy the trail holds; none where it holds none."""
    page = await reader.search(Filter(kind=Kind.POLICY_DRAFTED), limit=1, order=Order.NEWEST)
    payloads = await reader.records.payloads([entry.index for entry in page.entries])
    for payload in payloads.values():
        text = _mapping(payload.envelope.get("data")).get("text")
        if isinstance(text, str):
            return titles_of(text)
    return {}


def titles_of(text: str) -> Mapping[str, Name]:
    """The titles of a policy's duties; none where the text is no policy."""
    try:
        parsed: object = plain(text, "policy")
    except YamlFault:
        return {}
    duties = _mapping(_mapping(parsed).get("duties"))
    titles = {rule: _mapping(_mapping(one).get("title")) for rule, one in duties.items()}
    return {
        rule: Name(zh=str(title["zh"]), en=str(title["en"]))
        for rule, title in titles.items()
        if {"zh", "en"} <= title.keys()
    }


def _mapping(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
