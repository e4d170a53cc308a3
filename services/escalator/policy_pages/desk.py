"""What the pages of the policy share: who asks, a version as people read it, a policy in the reader's words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.escalator.policy.book import Policy
from services.escalator.policy.versions import FILE, Approval, MeetingSubmission, Version, VersionStanding
from services.escalator.policy_pages.in_words import Difference, PolicyInWords, differences, in_words
from services.escalator.policy_pages.recent_record import RecentRecord
from services.escalator.policy_pages.trial import Trials
from services.escalator.policy_pages.wording import PolicyWording
from services.escalator.policy_store.steps import DRAFTERS, SIMULATORS, PolicySteps
from services.escalator.policy_store.store import Policies
from shared.directory import Directory
from shared.facts import Name
from shared.forms import Forms
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.tokens import Principal
from shared.vocabulary import Role
from shared.web import Pages
from shared.web.names import Names
from shared.web.pages import HEADERS

READERS = tuple(role for role in Role if role not in (Role.PUBLISHER, Role.REDACTOR))
READERS_OF_CASES = tuple(role for role in READERS if role is not Role.REPORTER)
"""A reporter reads the cases in which their unit has a part, and reads them on the desk."""
MOST_FIELDS = 500
"""Of a form; that of the limits has two for each."""
FROM_FILE = Name(zh="系统管理员（安装文件）", en="the operator (installed file)")
SAID = {
    "drafted": N_("The draft is laid down. Nobody works by it until a second person has approved it."),
    "submitted": N_("Recorded: the draft lies before this meeting."),
    "approved": N_("Approved. Cases that begin from that moment on are worked by it; others keep theirs."),
}


@dataclass(frozen=True)
class Running:
    """Open cases by the version that they began under."""

    at: datetime
    by_label: dict[str, list[CaseId]]
    """The newest first."""

    def of(self, label: str) -> list[CaseId]:
        return self.by_label.get(label, [])


@dataclass(frozen=True)
class VersionView:
    version: Version
    standing: VersionStanding
    drafted_by: Name
    count: int | None
    """Open cases that began under it; None where they have not been counted yet."""

    @property
    def id(self) -> str:
        return self.version.id

    @property
    def name(self) -> str:
        return self.version.label.partition(" ")[0]

    @property
    def approval(self) -> Approval | None:
        return self.version.approvals[-1] if self.version.approvals else None

    @property
    def submission(self) -> MeetingSubmission | None:
        return self.version.submissions[-1] if self.version.submissions else None

    @property
    def is_draft(self) -> bool:
        return self.standing is VersionStanding.DRAFT

    @property
    def may_be_approved(self) -> bool:
        """A version that was in force before may come back."""
        return self.standing in (VersionStanding.DRAFT, VersionStanding.SUPERSEDED)


async def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a form; files are not asked for and not taken."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


@dataclass(frozen=True)
class PolicyDesk:
    steps: PolicySteps
    pages: Pages
    directory: Callable[[], Directory]
    forms: Forms
    record: RecentRecord
    trials: Trials
    running: Callable[[], Running | None]
    desk_url: str
    """Where the duty desk is, for links to cases; empty: none is shown."""

    @property
    def policies(self) -> Policies:
        return self.steps.policies

    def words(self, request: Request) -> Words:
        return Words(self.pages.language(request))

    def wording(self, request: Request, policy: Policy) -> PolicyWording:
        return PolicyWording(self.words(request), self.directory(), policy.document, self.forms)

    def read(self, request: Request, policy: Policy) -> PolicyInWords:
        return in_words(policy, self.directory(), self.forms, self.words(request))

    def differences(self, request: Request, before: Policy, after: Policy) -> list[Difference]:
        words = self.words(request)
        return differences(self.read(request, before), self.read(request, after), words)

    def view(self, version: Version) -> VersionView:
        running = self.running()
        return VersionView(
            version,
            self.policies.standing(version),
            self.by(version.drafted_by),
            None if running is None else len(running.of(version.label)),
        )

    def in_force(self) -> Version | None:
        return self.policies.register.in_force(self.pages.clock())

    def by(self, principal: str) -> Name:
        return FROM_FILE if principal == FILE else Names(self.directory).by(principal)

    def show(
        self, request: Request, template: str, principal: Principal, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        more: dict[str, Any] = {
            "names": Names(self.directory),
            "by": self.by,
            "desk_url": self.desk_url,
            "may_draft": principal.role in DRAFTERS,
            "may_try": principal.role in SIMULATORS,
            "may_approve": self.steps.may_approve(principal),
            "said": SAID.get(request.query_params.get("said", "")),
            **context,
        }
        return self.pages.show(request, template, status=status, **more)

    def back_to(self, version: Version, said: str) -> Response:
        return RedirectResponse(f"/versions/{version.id}?said={said}", 303, headers=HEADERS)
