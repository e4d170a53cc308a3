"""What people do to the versions of the policy, whichever way they come: by the interface, or on a page.

Invariant: one rule for both ways: who may draft, lay before a meeting and approve, and by which resolution a
version comes into force.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.escalator.policy.versions import Version, VersionError
from services.escalator.policy_store.resolutions import CaseOf, meeting_on_record, resolution_for
from services.escalator.policy_store.store import Policies
from shared.directory import Directory, Unit
from shared.ids import CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Role

LONGEST = 128 * 1024
"""Bytes of a policy's text, three times the one delivered: reading as much takes a thread some seconds."""
SIMULATORS = (Role.OPERATOR, Role.SUPERVISOR, Role.LEADER, Role.DISCIPLINE, Role.AUDITOR)
DRAFTERS = (Role.OPERATOR, Role.SUPERVISOR, Role.DISCIPLINE)
APPROVERS = (Role.LEADER,)
MOST_NAMED = 5
NOT_THEIRS = N_("The policy is the whole city's: a leader of one of these puts it into force: %(units)s.")


@dataclass(frozen=True)
class PolicySteps:
    policies: Policies
    clock: Callable[[], datetime]
    case_of: CaseOf
    directory: Callable[[], Directory]

    def version(self, name: str) -> Version:
        """Raises Problem 404."""
        try:
            return self.policies.version(name)
        except KeyError:
            raise Problem(
                404,
                N_("Not found"),
                said(N_("There is no version %(name)s: GET /api/v1/policy/versions lists them."), name=name),
            ) from None

    @property
    def asks_for_resolution(self) -> bool:
        """Whether the policy in force lets another take its place by the resolution of a meeting alone."""
        pursued = self.policies.in_force(self.clock()).document.accountability
        return pursued is not None and pursued.in_force_only_if == "resolution"

    def may_approve(self, who: Principal) -> bool:
        """A leader alone is not enough: one of an office of the whole city, or of a unit that has none above
        it.
        """
        return who.role in APPROVERS and who.unit in {unit.id for unit in self._of_the_whole_city()}

    def _of_the_whole_city(self) -> list[Unit]:
        return [unit for unit in self.directory().units if unit.whole_city or unit.superior is None]

    async def submit(self, version: Version, meeting: CaseId | None, who: Principal) -> Version:
        """Lay a version before a meeting. Raises Problem 409, 422."""
        await meeting_on_record(meeting, self.case_of)
        assert meeting is not None
        try:
            return await self.policies.submit(version.id, who.subject, meeting)
        except VersionError as error:
            raise Problem(409, N_("Not submitted"), said(N_("%(error)s."), error=error)) from None

    async def approve(
        self,
        version: Version,
        who: Principal,
        *,
        in_force_from: datetime | None,
        meeting: CaseId | None,
        file: str | None,
    ) -> Version:
        """Raises Problem 403, 409, 422; YamlFault where the directory has changed and it can no longer be
        followed.
        """
        if not self.may_approve(who):
            units = tuple(unit.name for unit in self._of_the_whole_city()[:MOST_NAMED])
            raise Problem(403, N_("Forbidden"), said(NOT_THEIRS, units=units))
        resolution = await resolution_for(meeting, file, self.case_of, is_asked_for=self.asks_for_resolution)
        try:
            return await self.policies.approve(version.id, who.subject, in_force_from, resolution)
        except VersionError as error:
            raise Problem(409, N_("Not approved"), said(N_("%(error)s."), error=error)) from None
