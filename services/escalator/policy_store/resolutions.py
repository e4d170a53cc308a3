"""By which meeting's resolution another version of the policy comes into force.

Invariant: where the policy in force asks for a resolution, no version takes its place without one: a meeting on
record that has written it down and handed it in as a file.
"""

from collections.abc import Awaitable, Callable

from shared.case import Case, CaseFile, CaseStatus
from shared.facts import FileRef
from shared.facts.policy import MeetingResolution
from shared.fault_texts import Fault
from shared.ids import CaseId
from shared.message import N_, Sayable, said
from shared.problems import Problem, invalid
from shared.vocabulary import ReportKind

MEETING = "meeting"
"""The topic of a task that is a meeting's."""
ON_RECORD = frozenset({CaseStatus.OPEN, CaseStatus.RESOLVED, CaseStatus.CLOSED})
MISSING = N_(
    "is missing: by the policy in force another version comes into force by the resolution of a meeting; name the meeting's case"
)
NO_MEETING = N_("is no meeting on record: name a case of the kind task with the topic meeting")
NOT_WRITTEN = N_("has no resolution written down yet: fill in its form first")
NO_FILE = N_("has no file: hand the signed resolution in there first")
NO_SUCH_FILE = N_("is no file of this meeting: name one of %(files)s")
CaseOf = Callable[[CaseId], Awaitable[Case | None]]


async def resolution_for(
    meeting: CaseId | None, sha256: str | None, case_of: CaseOf, *, is_asked_for: bool
) -> MeetingResolution | None:
    """`sha256`: which of the meeting's files; without it the last. Raises Problem 422."""
    if meeting is None and not is_asked_for:
        return None
    case = await meeting_on_record(meeting, case_of)
    if not any(form.fields.get("resolution") for form in case.forms):
        raise _refused("meeting", NOT_WRITTEN)
    return MeetingResolution(meeting=case.id, file=_ref(_file_of(case, sha256)))


async def meeting_on_record(meeting: CaseId | None, case_of: CaseOf) -> Case:
    """Raises Problem 422."""
    if meeting is None:
        raise _refused("meeting", MISSING)
    case = await case_of(meeting)
    if case is None or not _is_meeting(case):
        raise _refused("meeting", NO_MEETING)
    return case


def _is_meeting(case: Case) -> bool:
    report = case.report
    is_one = report.kind is ReportKind.TASK and report.topic == MEETING and not report.exercise
    return is_one and case.status in ON_RECORD


def _file_of(case: Case, sha256: str | None) -> CaseFile:
    if not case.files:
        raise _refused("meeting", NO_FILE)
    if sha256 is None:
        return case.files[-1]
    named = next((file for file in case.files if file.sha256 == sha256), None)
    if named is None:
        files = ", ".join(file.sha256 for file in case.files[-5:])
        raise _refused("file", said(NO_SUCH_FILE, files=files))
    return named


def _ref(file: CaseFile) -> FileRef:
    return FileRef(sha256=file.sha256, name=file.name, type=file.type, bytes=file.bytes)


def _refused(field: str, words: Sayable) -> Problem:
    faults: list[Fault] = [(field, words)]
    return invalid(faults, N_("approval"))
