"""The last moments of a case, from the case as it stands: the desk tells them without asking the record."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from shared.acts import ACTS
from shared.case import Case, LogEntry
from shared.facts import Frozen
from shared.facts.account import account_of
from shared.facts.body import FactBody
from shared.language.words import Words
from shared.story.narrator import Narrator, Titles
from shared.story.reading import Moment
from shared.story.telling import Sentences, tell
from shared.vocabulary import Kind
from shared.web.names import Names


class RecentStory(Frozen):
    """The last moments of a case in words, the oldest first. The audit tells the whole."""

    case: str
    moments: tuple[Sentences, ...]


def recent(case: Case, words: Words, zone: ZoneInfo, names: Names) -> RecentStory:
    narrator = _narrator(case, words, zone, names)
    return RecentStory(
        case=case.id, moments=tuple(tell(moment, narrator) for moment in _moments(case.log, case))
    )


def latest(case: Case, words: Words, zone: ZoneInfo, names: Names) -> Sentences | None:
    """The last moment alone, for a list of cases."""
    narrator = _narrator(case, words, zone, names)
    return next((tell(moment, narrator) for moment in _moments(case.log[-1:], case)), None)


def acts_since(
    case: Case, sequence: int, words: Words, zone: ZoneInfo, names: Names
) -> tuple[Sentences, ...]:
    """What people did after the fact of that sequence, as far as the log goes back."""
    narrator = _narrator(case, words, zone, names)
    acts = tuple(entry for entry in case.log if entry.sequence > sequence and entry.kind in ACTS)
    return tuple(tell(moment, narrator) for moment in _moments(acts, case))


def _narrator(case: Case, words: Words, zone: ZoneInfo, names: Names) -> Narrator:
    titles = Titles(
        duties={rule: terms.title for rule, terms in case.plans.items()},
        tasks={task.id: task.title for task in case.tasks},
    )
    return Narrator(words, zone, names, titles)


def _moments(log: tuple[LogEntry, ...], case: Case) -> Iterator[Moment]:
    for entry in log:
        yield Moment(
            entry.at, entry.kind, FactBody(_data(entry, case)), account_of(entry.effects, entry.calls)
        )


def _data(entry: LogEntry, case: Case) -> dict[str, Any]:
    said: dict[str, Any] = {"text": entry.text}
    if entry.kind is Kind.REPORTED:
        said = {"summary": case.report.summary, "details": case.report.details}
    elif entry.kind is Kind.ACKNOWLEDGED:
        said = {"person": entry.by, "note": entry.text}
    return {"by": {"principal": entry.by}, **said, **entry.data}
