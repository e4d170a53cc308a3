"""What the pages and the interface ask of a campaign alike.

Invariant: what a reader may not look at as a case is unknown to them in a campaign, too.
"""

from datetime import datetime

from fastapi import Response

from services.intake.board.access import may_look
from services.intake.board.board import Board
from services.intake.board.campaign import CampaignMatrix, matrix_of
from services.intake.board.card import Card
from shared.case import Case, CaseStatus
from shared.forms import DeclaredForm, FillingPlace, Forms
from shared.ids import CaseId
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Kind, ReportKind
from shared.xlsx import MEDIA_TYPE

NO_CAMPAIGN = N_("This case is no campaign: it has no units that hand in lists, and no ledger.")


def campaign_in(card: Card, now: datetime) -> tuple[Case, CampaignMatrix]:
    """Raises Problem 404 for a case of another kind."""
    if card.kind is not ReportKind.CAMPAIGN:
        raise Problem(404, N_("Not Found"), NO_CAMPAIGN)
    case = card.whole
    return case, matrix_of(case, now)


def form_of_items(case: Case, forms: Forms) -> DeclaredForm | None:
    fitting = forms.of(FillingPlace(case.report.kind, case.report.topic, Kind.REGISTERED))
    return next(iter(fitting), None)


def status_seen(board: Board, principal: Principal, case: CaseId) -> CaseStatus | None:
    card = board.card(case)
    return card.status if card is not None and may_look(principal, card) else None


def ledger_answer(content: bytes, case: str) -> Response:
    name = f'attachment; filename="ledger-{case}.xlsx"'
    return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": name})
