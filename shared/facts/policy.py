"""What happens to the policy itself: a version is drafted, laid before a meeting, and approved to be in force from a moment on.
About no case.
"""

from shared.facts.bounds import Frozen, Instant
from shared.facts.file import FileRef
from shared.ids import CaseId


class MeetingResolution(Frozen):
    """What a meeting has decided 决议: its case, and the file in which it is written."""

    meeting: CaseId
    file: FileRef


class PolicyDrafted(Frozen):
    """The data of `policy_drafted`: a text was laid down; nobody works by it yet."""

    version: str
    """Digest of the text: sixteen hexadecimal digits."""
    label: str
    """As cases keep it: `2026-11-01 sha256:9f…`."""
    by: str
    """A principal, or `file` for the file a service was started with."""
    text: str
    """The whole YAML, so that the trail alone can say what was in force."""


class PolicySubmitted(Frozen):
    """The data of `policy_submitted`: a draft is laid before a meeting, which decides on it; nobody works by it yet."""

    version: str
    label: str
    by: str
    meeting: CaseId


class PolicyApproved(Frozen):
    """The data of `policy_approved`: cases that begin from then on are decided by this version; those before
    keep theirs.
    """

    version: str
    label: str
    by: str
    """Another one than who drafted it."""
    in_force_from: Instant
    resolution: MeetingResolution | None = None
    """By which it comes into force, where the policy before asks for one."""
