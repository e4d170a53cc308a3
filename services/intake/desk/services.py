"""What the desk's pages may use of intake: the board to read, the three ways to write, the directory, the
gate, the zone.

Errors of all methods are `shared.problems.Problem`: `.errors` are (field, message) pairs for the form,
`.detail` is for the page.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from services.intake.board.card import Card
from services.intake.directory.waiting import RefusalForm, WaitingProposal
from services.intake.fields.act_form import AcknowledgeForm, ActForm
from services.intake.recording.answers import Acted, Submitted
from shared.case import Case
from shared.directory import Directory
from shared.facts import ReportForm
from shared.ids import CaseId
from shared.tokens import Gate, Principal
from shared.vocabulary import Kind


class BoardReader(Protocol):
    """The cases as they stand."""

    @property
    def ready(self) -> bool:
        """False until the board has caught up with the broker, and while it has lost it."""
        ...

    @property
    def revision(self) -> int:
        """Of the newest change the board knows."""
        ...

    def open_cards(self) -> list[Card]:
        """All cases that still owe something or are not settled, emergencies first, then the next due; cheap
        to list and to count.

        `card.whole` is the case; take it of those that are shown.
        """
        ...

    def cards(self) -> Iterable[Card]:
        """Every case on the board, in no order."""
        ...

    def card(self, case: CaseId) -> Card | None: ...

    def raised_from(self, case: CaseId) -> list[Card]:
        """The cases that follow from this one."""
        ...

    async def case(self, case: CaseId) -> Case | None: ...

    def subscribe(self, after: int | None = None) -> AsyncIterator[tuple[int, CaseId] | None]:
        """(revision, case) for each change from now on, or from `after` on; a case that changes often is told
        once a moment.

        None where half a second brings none.
        Ends when the reader is too slow: reconnect with the last revision seen.
        """
        ...


class Lookup(Protocol):
    async def card(self, case: CaseId, principal: Principal) -> Card:
        """Problem 404; 503, and as `NotDecidedYet` where its report is on record and no case has come of it
        yet.
        """
        ...


class Submit(Protocol):
    """The one path by which a form becomes a report."""

    async def read(self, fields: Mapping[str, Any]) -> ReportForm:
        """Check what was filled in. Problem 422 names every field at fault at once; 503."""
        ...

    async def report(self, form: ReportForm, principal: Principal, key: str | None = None) -> Submitted:
        """Problem 403, 422 (the key was used for another report), 503 (broker away: nothing is certain,
        report by telephone).
        """
        ...


class Acts(Protocol):
    """What people do to a case. Problem 403, 404, 422, 503; a refusal by the escalator is an answer with
    outcome `refused`.
    """

    def allowed(self, principal: Principal, case: Case) -> frozenset[Kind]:
        """Which acts this principal may do to this case, for showing only those buttons."""
        ...

    async def acknowledge(
        self, case: CaseId, principal: Principal, form: AcknowledgeForm, key: str | None = None
    ) -> Acted:
        """For the principal themself; with `person` the duty officer logs a call to somebody else."""
        ...

    async def act(
        self, kind: Kind, case: CaseId, form: ActForm, principal: Principal, key: str | None = None
    ) -> Acted: ...


class ProposalReader(Protocol):
    """Changes of the directory that wait for a second person. Problem 403, 404, 409, 503."""

    async def waiting(self, principal: Principal) -> list[WaitingProposal]: ...

    async def approve(self, proposal_id: str, principal: Principal) -> object: ...

    async def refuse(self, proposal_id: str, form: RefusalForm, principal: Principal) -> None: ...


@dataclass(frozen=True, kw_only=True)
class DeskServices:
    """`desk_router` of services/intake/desk/pages.py takes this and a clock, and nothing else."""

    board: BoardReader
    lookup: Lookup
    submit: Submit
    acts: Acts
    proposals: ProposalReader
    live: Callable[[], Directory]
    """The directory as it is at the call."""
    gate: Gate
    zone: ZoneInfo
    secure: bool
    """Cookies only over TLS: in production."""

    @property
    def directory(self) -> Directory:
        return self.live()
