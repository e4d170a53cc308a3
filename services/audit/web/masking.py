"""What an operator sees of the trail: what happened, when and in which order; not who, nor in what words.

Invariant: no personal field and no person's id leaves here. The same person has the same pseudonym as long as
the process lives, so that acts can be told apart, and no longer, so that nothing can be collected by it.
"""

import hmac
import os
from collections.abc import Callable
from typing import Any, cast

import orjson

from services.audit.reading.views import Entry, Filter, Page, Record
from services.audit.records import personal
from shared.message import N_
from shared.problems import Problem

MASK = "•••"
_IDS = frozenset(
    {"person", "to_person", "owner", "stood_in", "principal", "reported_by", "holder", "deputies", "by"}
)
"""Fields that hold a person's id as text, or several."""
_PEOPLE = frozenset({"person"})
"""Fields that may hold a person as an object with an `id`."""
Pseudonym = Callable[[str], str]


def masked(envelope: dict[str, Any], kind: str, pseudonym: Pseudonym) -> dict[str, Any]:
    """The fact without its personal fields, people by pseudonym. The envelope stays as it is."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(envelope))
    personal_values = personal.take_out(copy, kind)
    personal.put_back(
        copy,
        kind,
        {
            path: [None if value is None else MASK for value in values]
            for path, values in personal_values.items()
        },
    )
    return cast("dict[str, Any]", _people(copy, pseudonym))


def _people(value: Any, pseudonym: Pseudonym) -> Any:
    if isinstance(value, list):
        return [_people(element, pseudonym) for element in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    shown: dict[str, Any] = {}
    for name, content in cast("dict[str, Any]", value).items():
        if name in _IDS and isinstance(content, str):
            shown[name] = pseudonym(content)
        elif name in _IDS and isinstance(content, list):
            shown[name] = [
                pseudonym(element) if isinstance(element, str) else _people(element, pseudonym)
                for element in cast("list[Any]", content)
            ]
        elif name in _PEOPLE and isinstance(content, dict) and isinstance(content.get("id"), str):  # pyright: ignore[reportUnknownMemberType]
            person = cast("dict[str, Any]", content)
            shown[name] = {**_people(person, pseudonym), "id": pseudonym(person["id"])}
        else:
            shown[name] = _people(content, pseudonym)
    return shown


class Masks:
    """One a process: its key is never kept."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def pseudonym(self, person: str) -> str:
        """Services and sources are nobody: they keep their names."""
        if person.startswith(("/services/", "source:")):
            return person
        return f"p-{hmac.digest(self._key, person.encode(), 'sha256').hex()[:12]}"

    def fact(self, envelope: dict[str, Any] | None, kind: str) -> dict[str, Any] | None:
        return masked(envelope, kind, self.pseudonym) if envelope else None

    def entry(self, entry: Entry) -> Entry:
        return entry.model_copy(
            update={
                "persons": tuple(self.pseudonym(person) for person in entry.persons),
                "text": None,
                "block": None,
                "reads": (),
                "says": None,
            }
        )

    def page(self, page: Page) -> Page:
        return page.model_copy(update={"entries": tuple(self.entry(entry) for entry in page.entries)})

    def record(self, record: Record) -> Record:
        fact = self.fact(record.fact, record.entry.kind)
        erased = tuple(
            erasure.model_copy(update={"by": self.pseudonym(erasure.by)}) for erasure in record.erased
        )
        return record.model_copy(
            update={
                "entry": self.entry(record.entry),
                "fact": fact,
                "raw": None,
                "salt": None,
                "erased": erased,
            }
        )


def refuse_to_ask_for_people(record_filter: Filter) -> None:
    """What may not be shown may not be searched for either: the answer would tell. Raises Problem 403."""
    if record_filter.person is not None or record_filter.text is not None:
        raise Problem(
            403,
            N_("Forbidden"),
            N_("An operator sees neither people nor their words, so `person` and `text` can't be asked for."),
        )
