"""What the desk's pages may use of intake: the board to read, the three ways to write, the directory, the
gate, the zone.

Errors of all methods are `shared.problems.Problem`: `.errors` are (field, message) pairs for the form,
`.detail` is for the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.intake.acting.acts import CaseActs
from services.intake.board.board import Board
from services.intake.board.case_lookup import CaseLookup
from services.intake.directory.changes import DirectoryChanges
from services.intake.fields.form_blocks import FormBlocks
from services.intake.files.keeping import IncomingFiles
from services.intake.logging_in.opening import SessionOpening
from services.intake.logging_in.provider import Provider
from services.intake.reporting.submit import Submission
from shared.browsers import Browsers
from shared.directory import Directory
from shared.tokens import Gate
from shared.web.log_in import LogIn


@dataclass(frozen=True, kw_only=True)
class DeskServices:
    """`desk_router` of services/intake/desk/pages.py takes this and a clock, and nothing else."""

    board: Board
    browsers: Browsers
    """In which people are rung."""
    lookup: CaseLookup
    submit: Submission
    acts: CaseActs
    files: IncomingFiles
    forms: FormBlocks
    proposals: DirectoryChanges
    live: Callable[[], Directory]
    """The directory as it is at the call."""
    gate: Gate
    zone: ZoneInfo
    log_in: LogIn
    opening: SessionOpening
    provider: Provider | None
    policy_url: str = ""
    """Where the pages of the policy are; empty: no link is shown."""

    @property
    def directory(self) -> Directory:
        return self.live()
