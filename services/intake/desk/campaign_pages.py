"""A campaign as a page: units as rows, what each has handed in, its items; and the ledger as a workbook.

Invariant: whoever may look at the case may look at these, and nobody else.
"""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response

from services.intake.board.campaign import SubmissionState
from services.intake.board.campaign_look import campaign_in, form_of_items, ledger_answer, status_seen
from services.intake.board.ledger import LedgerWords, item_values, ledger_of
from services.intake.desk.act_fields import ROWS
from services.intake.desk.here import READERS, DeskPages
from services.intake.desk.report_pages import kinds_for
from shared.case import Case, CaseStatus, Item
from shared.language.words import Words

ORDER = {state: place for place, state in enumerate(SubmissionState)}
"""What somebody has to see to stands first."""


@dataclass(frozen=True)
class ItemView:
    item: Item
    values: dict[str, str]
    status: CaseStatus | None


def add_campaigns(router: APIRouter, here: DeskPages) -> None:
    def said(request: Request, case: Case) -> LedgerWords:
        form = form_of_items(case, here.desk.forms.forms)
        return LedgerWords(Words(here.pages.language(request)), here.names, here.desk.zone, form)

    @router.get("/cases/{case}/campaign")
    async def matrix_page(request: Request, case: str) -> Response:
        principal = here.pages.admit(request, *READERS)
        whole, matrix = campaign_in(await here.find(case, principal), here.pages.clock())
        words, board = said(request, whole), here.desk.board
        rows = sorted(matrix.rows, key=lambda row: ORDER[row.state])
        items = [
            ItemView(
                item,
                {
                    name: str(words.value(name, value))
                    for name, value in item_values(item, here.desk.zone).items()
                    if name in words.columns
                },
                status_seen(board, principal, item.case) if item.case is not None else None,
            )
            for item in matrix.items[:ROWS]
        ]
        return here.show(
            request,
            "campaign.html",
            principal,
            case=whole,
            matrix=matrix,
            rows=rows[:ROWS],
            items=items,
            columns=words.columns,
            opens=kinds_for(principal),
        )

    @router.get("/cases/{case}/ledger")
    async def ledger(request: Request, case: str) -> Response:
        principal = here.pages.admit(request, *READERS)
        whole, matrix = campaign_in(await here.find(case, principal), here.pages.clock())
        seen = partial(status_seen, here.desk.board, principal)
        return ledger_answer(ledger_of(matrix, said(request, whole), seen), case)
