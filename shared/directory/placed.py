"""One fault of a directory: where it stands, what to do, and who would be dark."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.ids import PostId
from shared.lined_yaml import PlacedError
from shared.message import Sayable


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """`path` leads to it in the document; `dark` is the post that nobody reachable would hold."""

    path: tuple[str | int, ...]
    text: Sayable
    dark: PostId | None = None


class DirectoryFault(PlacedError):
    """A directory, or a change to it, that is refused."""

    def __init__(self, faults: Iterable[PlacedFault]) -> None:
        self.found = tuple(faults)
        super().__init__([(fault.path, fault.text) for fault in self.found])

    @property
    def dark(self) -> tuple[PostId, ...]:
        """The posts that would be dark."""
        return tuple(dict.fromkeys(fault.dark for fault in self.found if fault.dark is not None))
