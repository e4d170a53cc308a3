"""From the policy file to the policy in force: validated as a whole, with the file's line in every fault.

Invariant: a policy that is loaded can be followed. Every post it names is in the directory and can be reached, so that no
chain ends in a name nobody holds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.escalator.policy.model import PolicyDocument
from shared.directory import Directory
from shared.facts import Rule
from shared.ids import PostId
from shared.lined_yaml import Lines, YamlFault, parse


@dataclass(frozen=True)
class Policy:
    """A policy with its text, so that each decision can name the line it came from."""

    document: PolicyDocument
    text: str
    name: str
    lines: Lines

    @property
    def label(self) -> str:
        """What a case keeps of the policy it began under: version and the digest of the very bytes."""
        return f"{self.document.version} sha256:{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"

    def rule(self, *path: str | int) -> Rule:
        return Rule(path=".".join(str(part) for part in path), line=self.lines.of(path))


def parse_policy(text: str, name: str = "policy.yaml") -> Policy:
    """Raises YamlFault with a line for each fault."""
    document, lines = parse(text, PolicyDocument, name)
    return Policy(document, text, name, lines)


def load_policy(path: Path) -> Policy:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise YamlFault([f"{path}: can't be read ({error.strerror}); set FENGHUO_POLICY to an existing file"]) from None
    return parse_policy(text, path.name)


def check(policy: Policy, directory: Directory) -> list[str]:
    """What a policy that parses would still do wrong with this directory: one `file:line: …, remedy` a fault."""
    faults: list[str] = []

    def fault(message: str, *path: str | int) -> None:
        faults.append(f"{policy.name}:{policy.lines.of(path)}: {'.'.join(str(part) for part in path)}: {message}")

    rule = policy.document.half_hour
    posts: list[tuple[Sequence[str], tuple[str, ...]]] = [
        (rule.owed_to, ("half_hour", "owed_to")),
        (rule.fallback.chain, ("half_hour", "fallback", "chain")),
    ]
    for names, path in posts:
        for number, name in enumerate(names):
            if PostId(name) not in directory.posts_by_id:
                fault(f"no post {name} in the directory (version {directory.version}): declare it there or name another", *path, number)
            if name in names[:number]:
                fault(f"{name} is named twice: remove one", *path, number)
    limit = min(rule.within, *(limits.report for limits in policy.document.levels.values()))
    whole_chain = rule.fallback.after + rule.fallback.step * len(rule.fallback.chain)
    if whole_chain > limit:
        fault(
            f"the chain needs {whole_chain} to be told to its end, but the shortest limit is {limit}: shorten after or step, or the chain",
            "half_hour",
            "fallback",
        )
    return faults


def load_checked(path: Path, directory: Directory) -> Policy:
    """The policy for a service to work by. Raises YamlFault where it could not be followed."""
    policy = load_policy(path)
    if faults := check(policy, directory):
        raise YamlFault(faults)
    return policy
