"""A bundle from beginning to end: gathered, told to a reader in both languages, signed, zipped.

Invariant: whoever asks for a bundle without personal fields gets none in any file of it, the timelines and
the directory's names included.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO
from zoneinfo import ZoneInfo

from services.audit.evidence.bundle import timeline
from services.audit.evidence.bundle.attached import AttachedFile, attached_files
from services.audit.evidence.bundle.collect import TAIL, collect
from services.audit.evidence.bundle.evidence import Evidence, Sign, json_lines
from services.audit.evidence.bundle.write import contents, info_of
from services.audit.reading.reader import TrailReader
from shared.directory import Directory
from shared.facts import Name
from shared.files.store import FileStore
from shared.forms import NO_FORMS, Forms
from shared.vocabulary import Language
from shared.web.names import Names


@dataclass(frozen=True)
class Bundles:
    reader: TrailReader
    directory: Callable[[], Directory]
    zone: ZoneInfo
    origin: str
    """The name of the trail's key."""
    sign: Sign
    files: FileStore | None = None
    """Where the files of cases lie; None: a bundle is made without them."""
    forms: Forms = NO_FORMS

    async def make(self, case_id: str, *, redacted: bool = False, tail: int = TAIL) -> bytes:
        """The zip, in memory."""
        content = io.BytesIO()
        await self.write(content, case_id, redacted=redacted, tail=tail)
        return content.getvalue()

    async def write(
        self, target: IO[bytes], case_id: str, *, redacted: bool = False, tail: int = TAIL
    ) -> None:
        """The zip into `target`; a file of the case goes through piece by piece. Raises NotInTrail where no
        checkpoint covers a record of the case.
        """
        evidence = await collect(self.reader, case_id, origin=self.origin, tail=tail, redacted=redacted)
        evidence = replace(evidence, zone=self.zone.key)
        attached: tuple[AttachedFile, ...] = ()
        if self.files is not None and not redacted:
            attached = await attached_files(self.files, evidence.records)
        own = contents(evidence, self.sign, self.derived(evidence), attached)
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in sorted(own.items()):
                archive.writestr(info_of(name), content, compresslevel=6)
            for file in attached:
                assert self.files is not None
                with archive.open(info_of(file.path, is_attached=True), "w") as out:
                    async for piece in self.files.read(file.entry):
                        out.write(piece)

    def derived(self, evidence: Evidence) -> dict[str, bytes]:
        names = Unnamed(self.directory) if evidence.redacted else UsedNames(self.directory)
        told = timeline.timeline(evidence, names, self.zone)
        files = {
            f"timeline.{language}.html": timeline.page(
                told, language, self.zone, names, self.origin, self.forms
            )
            for language in (Language.ZH, Language.EN)
        }
        about = {
            "note": "names as the directory had them when this bundle was made; for reading, not evidence",
            "names": names.used,
        }
        return {**files, "directory.json": json_lines({**about, "version": self.directory().version})}


class UsedNames(Names):
    """Names that keep account of which were asked for."""

    def __init__(self, directory: Callable[[], Directory]) -> None:
        super().__init__(directory)
        self.used: dict[str, dict[str, dict[str, str]]] = {}

    def _note(self, sort: str, key: str, name: Name) -> Name:
        self.used.setdefault(sort, {})[key] = {"zh": name.zh, "en": name.en}
        return name

    def person(self, person: str) -> Name:
        return self._note("people", person, super().person(person))

    def post(self, post: str) -> Name:
        return self._note("posts", post, super().post(post))

    def unit(self, unit: str) -> Name:
        return self._note("units", unit, super().unit(unit))

    def area(self, area: str) -> Name:
        return self._note("areas", area, super().area(area))


class Unnamed(UsedNames):
    """People by their ids, as the records have them."""

    def person(self, person: str) -> Name:
        return Name(zh=person, en=person)
