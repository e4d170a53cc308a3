"""From the policy file to the policy in force: validated as a whole, with the file's line in every fault.

Invariant: a policy that is loaded can be followed. Every post it names is in the directory and can be
reached, so that no chain ends in a name nobody holds.
"""

from pathlib import Path

from services.escalator.policy.book import Policy
from services.escalator.policy.check import check
from services.escalator.policy.holidays import Holidays
from services.escalator.policy.model import PolicyDocument
from shared.directory import Directory
from shared.lined_yaml import YamlFault, parse, text_of
from shared.message import N_

__all__ = ["Policy", "check", "load_checked", "load_policy", "parse_policy"]


HOLIDAYS_FILE = "holidays.yaml"


def parse_policy(text: str, name: str = "policy.yaml") -> Policy:
    """Raises YamlFault with a line for each fault."""
    document, lines = parse(text, PolicyDocument, name)
    return Policy(document, text, name, lines)


def load_policy(path: Path) -> Policy:
    return parse_policy(policy_text(path), path.name)


def policy_text(path: Path) -> str:
    """With the holidays of the file beside it, where there is one. Raises YamlFault."""
    return text_of(path, N_("set FENGHUO_POLICY to an existing file")) + _holidays_beside(path)


def _holidays_beside(path: Path) -> str:
    """The file as a section of the policy's text, below all its lines. Raises YamlFault."""
    file = path.with_name(HOLIDAYS_FILE)
    if not file.exists():
        return ""
    text = text_of(file, N_("make it readable, or take it away"))
    holidays, _ = parse(text, Holidays, file.name)
    return f"\n\nholidays: {holidays.model_dump_json()}\n"


def load_checked(path: Path, directory: Directory) -> Policy:
    """The policy for a service to work by. Raises YamlFault where it could not be followed."""
    policy = load_policy(path)
    if faults := check(policy, directory):
        raise YamlFault(faults)
    return policy
