"""Documents that are to be made from the record: an analysis, a bulletin. What is handed in as one must hold the
very file that the audit made, of the time that is owed.

Invariant: whether a file was made from the record is told from its own seal, here, and stands with it in the fact for
whoever reads the case; nobody can say it of a file. What is not that document does not count as it: it is refused,
and the answer says how to make it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from services.intake.fields.act_form import ActForm
from services.intake.files.keeping import IncomingFiles
from shared.case import Case
from shared.facts import FileRef, FromRecord
from shared.fault_texts import Fault
from shared.files.from_record import LARGEST, made_from_record
from shared.files.kinds import FileType
from shared.message import N_, Marked, said
from shared.problems import Problem
from shared.secrets import SecretFile, SecretMissing, read_secret
from shared.tlog.note import NoteError, Verifier
from shared.vocabulary import Document, Kind

MAKE_IT: dict[Document | None, Marked] = {
    Document.ANALYSIS: N_(
        "must hold the analysis that was made from the record, as it was saved: make it with "
        "`fenghuo trail analysis 2026-10 -o FILE` (or on the page of the reports), and attach that file unchanged; "
        "your own words go into the text, or into a further file"
    ),
    Document.CASE_BULLETIN: N_(
        "must hold the bulletin of cases that was made from the record, as it was saved: make it with "
        "`fenghuo trail case-bulletin 2026-10 -o FILE` (or on the page of the reports), and attach that file unchanged; "
        "your own words go into the text, or into a further file"
    ),
    Document.PRICE_BULLETIN: N_(
        "must hold the price bulletin that was made from the record, as it was saved: make it with "
        "`fenghuo trail price-bulletin 2026-W48 -o FILE` (or on the page of the reports), and attach that file unchanged; "
        "your own words go into the text, or into a further file"
    ),
}
OF_ANOTHER_TIME = N_(
    "was made from the record of %(since)s to %(until)s; what is owed was asked for on %(opened)s and is about the time "
    "before it: make it of that time"
)
NO_KEY = N_("Whether the document was made from the record can't be checked")
MOUNT_IT = N_("The operator must give intake the trail's public key (trail.vkey): hand it in again then.")
LEAST_OF_A_ROUND = 0.8
"""So much of the round before a document must tell of: a month is no quarter, and the last one no new one."""


@dataclass(frozen=True)
class RecordDocuments:
    files: IncomingFiles
    secrets: Path
    zone: ZoneInfo

    async def looked_at(self, kind: Kind, form: ActForm) -> ActForm:
        """With what the seal of each file says. Raises Problem 503, Unreachable."""
        if not is_one(kind, form):
            return form
        verifier = self._verifier()
        told = [
            file.model_copy(update={"from_record": await self._made(file, verifier) or False})
            for file in form.files
        ]
        return form.model_copy(update={"files": tuple(told)})

    async def _made(self, file: FileRef, verifier: Verifier) -> FromRecord | None:
        if file.type != FileType.DOCX or (file.bytes or 0) > LARGEST:
            return None
        content = await self.files.content(file.sha256)
        return await asyncio.to_thread(made_from_record, content, verifier)

    def _verifier(self) -> Verifier:
        """Read each time: a trail that is begun anew has a new key."""
        try:
            return Verifier.read(read_secret(self.secrets, SecretFile.TRAIL_VERIFY).decode())
        except (SecretMissing, NoteError, UnicodeDecodeError):
            raise Problem(503, NO_KEY, MOUNT_IT) from None

    def faults(self, kind: Kind, form: ActForm, case: Case) -> list[Fault]:
        """`form`: as it was looked at."""
        if not is_one(kind, form):
            return []
        made = [
            file.from_record
            for file in form.files
            if file.from_record and file.from_record.document is form.document
        ]
        if not made:
            return [("files", MAKE_IT[form.document])]
        wrong = [fault for one in made for fault in self._of_another_time(one, case)]
        return wrong[:1] if len(wrong) == len(made) else []

    def _of_another_time(self, made: FromRecord, case: Case) -> Iterator[Fault]:
        for duty in case.duties:
            terms = case.plans.get(duty.rule)
            if (
                not duty.is_owed
                or terms is None
                or f"{Kind.FILED}.{made.document}" not in terms.discharged_by
            ):
                continue
            following = next((one.at for one in case.openings if one.rule == duty.rule), None)
            if following is None:
                continue
            length = following - duty.opened_at
            told = min(made.until, duty.opened_at) - max(made.since, duty.opened_at - length)
            if told >= length * LEAST_OF_A_ROUND:
                continue
            since, until, opened = (
                at.astimezone(self.zone) for at in (made.since, made.until, duty.opened_at)
            )
            yield (
                "files",
                said(
                    OF_ANOTHER_TIME,
                    since=f"{since:%Y-%m-%d}",
                    until=f"{until:%Y-%m-%d}",
                    opened=f"{opened:%Y-%m-%d}",
                ),
            )
            return


def is_one(kind: Kind, form: ActForm) -> bool:
    return kind is Kind.FILED and form.document in MAKE_IT
