"""The telephone number beside somebody who is to be rung: to dial for whoever may see numbers, and for whoever is to
ring them now; for others enough of it to recognise.
"""

import re
from dataclasses import dataclass

from shared.directory import Directory
from shared.directory.addresses import masked, telephone_of
from shared.directory.shown import SEE_ADDRESSES
from shared.ids import PersonId
from shared.tokens import Principal


@dataclass(frozen=True)
class Telephone:
    shown: str
    dial: str | None
    """For a `tel:` link; None for whoever may not see the number."""


def telephone_beside(
    person: PersonId, directory: Directory, reader: Principal, *, is_to_ring: bool = False
) -> Telephone | None:
    """Their first in the directory; None where it has none of theirs. `is_to_ring`: this person has not answered, and
    a call by the reader would count.
    """
    entry = directory.people_by_id.get(person)
    number = telephone_of(entry) if entry is not None else None
    if number is None:
        return None
    if reader.role not in SEE_ADDRESSES and not is_to_ring:
        return Telephone(masked(number), None)
    return Telephone(number, re.sub(r"[^+0-9]", "", number))
