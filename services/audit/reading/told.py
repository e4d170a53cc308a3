"""Records of the trail in words (shared/story): a case as a story, and each record by itself for a list.

Invariant: nothing is told of a message that is no authentic fact but that it is none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from services.audit.reading.plain_reads import ReadLine
from services.audit.reading.reader import TrailReader
from services.audit.reading.titles import titles
from services.audit.reading.views import Entry
from services.audit.records.payloads import Payload
from shared.facts import Name
from shared.facts.account import Account
from shared.facts.body import FactBody
from shared.forms import NO_FORMS, Forms
from shared.language.words import Words
from shared.story.narrator import Narrator, Titles
from shared.story.reading import Moment, RecordedFact, account_in, moments_of, task_titles
from shared.story.telling import Sentences, tell
from shared.vocabulary import CASE_ACTS, Kind, Language
from shared.web.names import Names

CLOSELY = 5
"""So many records of the case after it are looked at for the decision on a record."""
READING = Name("{what} ×{times}，记录 {records} 条", "{what} ×{times}, records: {records}")


class RecordTeller:
    """Tells records in the words of one language."""

    def __init__(
        self,
        reader: TrailReader,
        names: Names,
        zone: ZoneInfo,
        language: Language,
        forms: Forms = NO_FORMS,
    ) -> None:
        self._reader, self._names, self._zone, self._forms = reader, names, zone, forms
        self._words = Words(language)

    async def case(self, entries: Sequence[Entry]) -> list[Sentences]:
        """The whole case; a moment names the records it tells of by their indexes."""
        return [sentences for _, sentences in await self.told(entries)]

    async def told(self, entries: Sequence[Entry]) -> list[tuple[Moment, Sentences]]:
        """The whole case, each moment beside its words."""
        payloads = await self._reader.records.payloads([entry.index for entry in entries])
        texts = {entry.index: self._text(entry) for entry in entries}
        moments = moments_of(_recorded(entry, payloads.get(entry.index)) for entry in entries)
        narrator = self.narrator(await titles(self._reader), moments)
        return [(moment, tell(moment, narrator, texts[moment.numbers[0]])) for moment in moments]

    async def one(self, entry: Entry) -> Sentences:
        """A record by itself, with what came of it."""
        payloads, decided = await self._read([entry], [entry])
        narrator = self.narrator(await titles(self._reader), ())
        return self._alone(entry, payloads.get(entry.index), decided.get(entry.sequence), narrator)

    async def each(self, entries: Sequence[Entry]) -> dict[int, Sentences]:
        """Of a list. An act that was refused reads so; what came of the others stands at the decision."""
        payloads, decided = await self._read(entries, [entry for entry in entries if entry.kind in CASE_ACTS])
        narrator = self.narrator(await titles(self._reader), ())
        told = {
            entry.index: self._alone(entry, payloads.get(entry.index), decided.get(entry.sequence), narrator)
            for entry in entries
        }
        acts = {entry.index for entry in entries if entry.kind in CASE_ACTS}
        return {
            index: sentences.model_copy(update={"followed": (), "lapse": False})
            if index in acts
            else sentences
            for index, sentences in told.items()
        }

    def narrator(self, duties: Mapping[str, Name], moments: Sequence[Moment]) -> Narrator:
        titles = Titles(duties=duties, tasks=task_titles(moments))
        return Narrator(self._words, self._zone, self._names, titles, self._forms)

    def _alone(
        self, entry: Entry, payload: Payload | None, decided: Account | None, narrator: Narrator
    ) -> Sentences:
        fact = _recorded(entry, payload)
        account = account_in(fact.data) if entry.kind == Kind.DECIDED else decided or Account()
        moment = Moment(fact.at, fact.kind, fact.data, account, (entry.index,))
        return tell(moment, narrator, self._text(entry))

    async def _read(
        self, entries: Sequence[Entry], decided_on: Sequence[Entry]
    ) -> tuple[dict[int, Payload], dict[int, Account]]:
        """The messages of `entries`, and by the sequence of those of `decided_on` what was decided on them,
        where that follows closely.
        """
        records = self._reader.records
        payloads = await records.payloads([entry.index for entry in entries])
        following = await asyncio.gather(
            *(
                records.part_of_case(entry.case, entry.number + 1, entry.number + 1 + CLOSELY)
                for entry in decided_on
                if entry.case and not entry.distrust
            ),
        )
        decisions = [
            record.index for after in following for record in after if record.fields["kind"] == Kind.DECIDED
        ]
        decided: dict[int, Account] = {}
        for payload in (await records.behind(decisions)).values():
            data = FactBody(payload.envelope).part("data")
            decided[int(data.part("about").number("sequence") or -1)] = account_in(data)
        return payloads, decided

    def _text(self, entry: Entry) -> str | None:
        """What a page shows with a record instead of what the fact itself says."""
        if entry.distrust:
            return self._words.label("distrust", entry.distrust)
        return self._words.claims(map(self._reading, entry.reads)) or None

    def _reading(self, read: ReadLine) -> str:
        return self._words.name(READING).format(
            what=self._words.again(read.words), times=read.times, records=read.records
        )


def _recorded(entry: Entry, payload: Payload | None) -> RecordedFact:
    envelope = payload.envelope if payload is not None and not entry.distrust else {}
    kind = "gap" if entry.form == "gap" else entry.kind
    return RecordedFact(entry.sequence, entry.index, entry.time, kind, FactBody(envelope).part("data"))
