"""Ids as people read them, times in the operator's zone, how long is left."""

from datetime import datetime

from fenghuo.parts import located
from fenghuo.speech import named, worded
from shared.directory import Directory, load_directory
from shared.ids import AreaCode, PersonId, PostId, UnitId
from shared.lined_yaml import YamlFault
from shared.settings import Settings


class DirectoryNames:
    """An id the directory does not have stays an id."""

    def __init__(self, directory: Directory | None) -> None:
        self._directory = directory

    def person(self, person: str) -> str:
        known = self._directory and self._directory.people_by_id.get(PersonId(person))
        return named(known.name.zh, known.name.en) if known else person

    def unit(self, unit: str) -> str:
        known = self._directory and self._directory.units_by_id.get(UnitId(unit))
        return named(known.name.zh, known.name.en) if known else unit

    def post(self, post: str) -> str:
        known = self._directory and self._directory.posts_by_id.get(PostId(post))
        return named(known.name.zh, known.name.en) if known else post

    def area(self, area: str) -> str:
        known = self._directory and self._directory.areas_by_code.get(AreaCode(area))
        return named(known.name.zh, known.name.en) if known else area

    def by(self, principal: str) -> str:
        return self.person(principal)


def names() -> DirectoryNames:
    try:
        return DirectoryNames(load_directory(located(Settings().directory)))
    except (YamlFault, OSError):
        return DirectoryNames(None)


def clock(at: datetime) -> str:
    return at.astimezone(Settings().zone).strftime("%m-%d %H:%M:%S")


def left(due_at: datetime, now: datetime) -> str:
    """`12:05` (minutes and seconds), `3 d 04:05:06`; late in red."""
    seconds = int((due_at - now).total_seconds())
    days, rest = divmod(abs(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    short = (
        f"{rest // 60}:{rest % 60:02d}"
        if not hours and not days
        else f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    )
    span = worded("%(days)s d %(short)s", days=days, short=short) if days else short
    return worded("[red]late %(span)s[/]", span=span) if seconds < 0 else span
