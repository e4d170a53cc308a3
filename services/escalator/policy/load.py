"""From the policy file to the policy in force: validated as a whole, with the file's line in every fault.

Invariant: a policy that is loaded can be followed. Every post it names is in the directory and can be
reached, so that no chain ends in a name nobody holds.
"""

from pathlib import Path

from services.escalator.policy.book import Policy
from services.escalator.policy.check import check
from services.escalator.policy.model import PolicyDocument
from shared.directory import Directory
from shared.lined_yaml import YamlFault, parse, text_of

__all__ = ["Policy", "check", "load_checked", "load_policy", "parse_policy"]


def parse_policy(text: str, name: str = "policy.yaml") -> Policy:
    """Raises YamlFault with a line for each fault."""
    document, lines = parse(text, PolicyDocument, name)
    return Policy(document, text, name, lines)


def load_policy(path: Path) -> Policy:
    return parse_policy(text_of(path, "set FENGHUO_POLICY to an existing file"), path.name)


def load_checked(path: Path, directory: Directory) -> Policy:
    """The policy for a service to work by. Raises YamlFault where it could not be followed."""
    policy = load_policy(path)
    if faults := check(policy, directory):
        raise YamlFault(faults)
    return policy
