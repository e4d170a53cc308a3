"""Whose an address is, by the directory of now. Made anew only where the directory is another one.

Invariant: a number is compared by its digits, however either side writes it.
"""

from collections import defaultdict
from collections.abc import Callable

from shared.directory import Directory
from shared.directory.addresses import TELEPHONE
from shared.ids import PersonId

Owners = dict[tuple[str, str], tuple[PersonId, ...]]


class AddressBook:
    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory
        self._read: tuple[Directory, Owners] | None = None

    def owners(self, channel: str, address: str) -> tuple[PersonId, ...]:
        """More than one where people share it."""
        return self._owners().get((channel, _comparable(address)), ())

    def sharing(self, channel: str, person: PersonId) -> tuple[PersonId, ...]:
        """Everybody who has one of this person's addresses on the channel, the person among them."""
        entry = self._directory().people_by_id.get(person)
        mine = [one.address for one in entry.channels if one.channel == channel] if entry is not None else []
        return tuple(dict.fromkeys(owner for address in mine for owner in self.owners(channel, address)))

    def _owners(self) -> Owners:
        directory = self._directory()
        if self._read is None or self._read[0] is not directory:
            owners: defaultdict[tuple[str, str], dict[PersonId, None]] = defaultdict(dict[PersonId, None])
            for person in directory.people:
                for entry in person.channels:
                    owners[entry.channel, _comparable(entry.address)][PersonId(person.id)] = None
            self._read = directory, {place: tuple(people) for place, people in owners.items()}
        return self._read[1]


def _comparable(address: str) -> str:
    return "".join(filter(str.isdigit, address)) if TELEPHONE.fullmatch(address) else address.lower()
