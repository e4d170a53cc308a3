"""What happened in a case since a message was sent: a link that is opened late says so. Pure.

Invariant: it says who did what and when, in the words of the record; in their own words only why something was
sent back or judged so.
"""

from zoneinfo import ZoneInfo

from services.notifier.messages.links import Link
from services.notifier.messages.words import SUSPICIONS, shortened
from shared.case import Case
from shared.directory import Directory
from shared.facts import SuspicionState
from shared.language import times
from shared.language.words import Words
from shared.story.case_log import acts_since
from shared.vocabulary import Kind
from shared.web.names import Names

MOST_LINES = 6
LONGEST_WORDS = 120
SAYS_WHY = frozenset(
    {Kind.NOTICE_APPROVED, Kind.TEXT_APPROVED, Kind.CONFIRMED, Kind.REFUTED, Kind.RETURNED, Kind.OBJECTED}
)


def happened_since(case: Case, link: Link, directory: Directory, zone: ZoneInfo, words: Words) -> list[str]:
    """The last acts on the case since the decision that the link's message came from, a line each."""
    lines: list[str] = []
    for act in acts_since(case, _sequence(link), words, zone, Names(directory))[-MOST_LINES:]:
        why = shortened(act.text, LONGEST_WORDS) if act.text and act.kind in SAYS_WHY else ""
        lines.append(f"{times.second(act.at, zone)} {words.aside(act.words, why)}")
    judged = _judged(case)
    return [*lines, words.of(SUSPICIONS[judged])] if judged is not None else lines


def _sequence(link: Link) -> int:
    """`<case>.<sequence>.<number>`, with the group behind the sequence where there is one."""
    within = link.notice.removeprefix(f"{link.case}.").partition(".")[0].partition("p")[0]
    return int(within) if within.isdecimal() else 0


def _judged(case: Case) -> SuspicionState | None:
    suspicion = case.suspicion
    if suspicion is None:
        return None
    if suspicion.withdrawn_at is not None:
        return SuspicionState.WITHDRAWN
    if suspicion.confirmed is None:
        return None
    return SuspicionState.CONFIRMED if suspicion.confirmed else SuspicionState.REFUTED
