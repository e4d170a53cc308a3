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
_FILED = f"{Kind.FILED}."


async def titles(reader: TrailReader) -> Mapping[str, Name]:
    """Of the policies the trail holds, the newest first; none where it holds none."""
    found: dict[str, Name] = {}
    for text in await _policies(reader):
        found |= titles_of(text)
    return found


async def documents_owed(reader: TrailReader) -> Mapping[str, frozenset[str]]:
    """Rule → the documents that discharge what it lays, by the same policies."""
    found: dict[str, frozenset[str]] = {}
    for text in await _policies(reader):
        found |= documents_of(text)
    return found


async def _policies(reader: TrailReader) -> list[str]:
    """Their texts, the newest last."""
    page = await reader.search(Filter(kind=Kind.POLICY_DRAFTED), limit=_POLICIES, order=Order.NEWEST)
    payloads = await reader.records.payloads([entry.index for entry in page.entries])
    texts = (FactBody(payload.envelope).part("data").text("text") for _, payload in sorted(payloads.items()))
    return [text for text in texts if text is not None]


@lru_cache(maxsize=_POLICIES)
def titles_of(text: str) -> Mapping[str, Name]:
    """The titles of a policy's duties; none where the text is no policy."""
    duties = _duties(text)
    titles = {rule: FactBody(duty).part("title").fields for rule, duty in duties.items()}
    return {
        rule: Name(zh=str(title["zh"]), en=str(title["en"]))
        for rule, title in titles.items()
        if {"zh", "en"} <= title.keys()
    }


@lru_cache(maxsize=_POLICIES)
def documents_of(text: str) -> Mapping[str, frozenset[str]]:
    duties = _duties(text)
    return {rule: documents for rule in duties if (documents := _documents(duties, rule))}


def _documents(duties: Mapping[str, object], rule: str) -> frozenset[str]:
    """A rule that extends another and says nothing of its own is discharged as that one is."""
    seen: set[str] = set()
    while rule in duties and rule not in seen:
        seen.add(rule)
        duty = FactBody(duties[rule])
        one = duty.text("discharged_by")
        triggers = (one,) if one is not None else duty.texts("discharged_by")
        if triggers:
            filed = (trigger.removeprefix(_FILED) for trigger in triggers if trigger.startswith(_FILED))
            return frozenset(filed)
        rule = duty.text("extends") or ""
    return frozenset()


def _duties(text: str) -> Mapping[str, object]:
    """None where the text is no policy."""
    try:
        parsed: object = plain(text, "policy")
    except YamlFault:
        return {}
    return FactBody(parsed).part("duties").fields
