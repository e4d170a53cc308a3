"""The case that a path names: its card, or the truth about why there is none yet, or no more.

Invariant: 404 is said only of a case that was never reported, as far as the record says, or has left the
board. One whose report is on record and not decided on yet is 503 with `Retry-After`: the report is taken,
and its clock runs.
"""

from typing import Any

from pydantic import ValidationError

from services.intake.board.access import may_look_at_report
from services.intake.board.board import Board
from services.intake.board.card import Card
from services.intake.recording.record import AppendedFact, FactRecord, TooManyError
from shared.facts import Report, rfc3339
from shared.ids import CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Principal

SOON = {"Retry-After": "1"}


class NotDecidedYet(Problem):
    """Its report is on record, the escalator has not taken it up yet. `report`: for whom may see it."""

    def __init__(self, case: CaseId, stored: AppendedFact | None, report: Report | None) -> None:
        on_record = "" if stored is None else f" since {rfc3339(stored.time)} (fact {stored.sequence})"
        detail = said(
            N_(
                "The report of case %(case)s is on record%(on_record)s and its clock runs; the escalator has not taken it up yet. "
                "Ask again in a moment; send an act again with the same Idempotency-Key. If this lasts, ring the duty desk."
            ),
            case=repr(case[:60]),
            on_record=on_record,
        )
        super().__init__(503, N_("The case is not decided on yet"), detail, headers=SOON, **_place(stored))
        self.case, self.stored, self.report = case, stored, report


class CaseLookup:
    def __init__(self, board: Board, record: FactRecord) -> None:
        self._board, self._record = board, record

    async def card(self, case: CaseId, principal: Principal) -> Card:
        """Whoever asks may not be allowed to see it. Problem 404, 503."""
        card = self._board.card(case)
        if card is None:
            raise await self._missing(case, principal)
        return card

    async def is_reported(self, case: CaseId) -> bool:
        """Whether the case is on the board, or its report on record and still to be decided on. Raises
        Problem 503 where the record does not say.
        """
        return self._board.card(case) is not None or await self._waiting(case) is not None

    async def _missing(self, case: CaseId, principal: Principal) -> Problem:
        try:
            stored = await self._waiting(case)
        except Problem as problem:
            return problem
        if stored is None:
            return _gone(case)
        report = _report_in(stored)
        may_see = report is not None and may_look_at_report(principal, report)
        return NotDecidedYet(case, stored, report if may_see else None)

    async def _waiting(self, case: CaseId) -> AppendedFact | None:
        """The report of a case that is not on the board, where it waits for its decision. Raises Problem 503
        where that can't be said.
        """
        if not self._board.ready or self._board.is_coming(case):
            raise Problem(
                503, N_("The board is not caught up"), N_("Wait a moment and try again."), headers=SOON
            )
        decided = self._board.decided_before(case)
        try:
            return await self._record.reported(case, decided or 0)
        except TooManyError:
            if decided is None:
                return (
                    None  # a lane of which nothing is on the board at all has nothing waiting but old facts
                )
            # So much waits that it may well be among it.
            raise NotDecidedYet(case, None, None) from None


def _gone(case: CaseId) -> Problem:
    return Problem(
        404,
        N_("No such case on the board"),
        said(
            N_(
                "No case %(case)s is on the board. One closed long ago has left it: "
                "look in the trail, GET /api/v1/cases/{id}/timeline of the audit service."
            ),
            case=repr(case[:60]),
        ),
    )


def _place(stored: AppendedFact | None) -> dict[str, Any]:
    """Where the report lies in the record, as its receipt has it."""
    if stored is None:
        return {}
    return {"fact": {"id": stored.fact.id, "sequence": stored.sequence, "time": rfc3339(stored.time)}}


def _report_in(stored: AppendedFact) -> Report | None:
    """None for one that can't be read: the escalator makes of it what it can."""
    try:
        return Report.model_validate(stored.fact.data)
    except ValidationError:
        return None
