"""From the policy file to the policy in force: validated as a whole, with the file's line in every fault.

Invariant: a policy that is loaded can be followed. Every post it names is in the directory and can be reached, so that no
chain ends in a name nobody holds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.resolve import fits, resolve, triggers_of, whole_rule
from services.escalator.policy.rule import DutyRule, Sort
from shared.directory import Directory
from shared.facts import Rule
from shared.ids import AreaCode, PostId, UnitId
from shared.lined_yaml import Lines, YamlFault, parse
from shared.vocabulary import ReportKind

REMEMBERED = 50_000
"""Sorts of matter whose rules are kept at hand; beyond that the memory starts anew."""


@dataclass(frozen=True)
class Policy:
    """A policy with its text, so that each decision can name the line it came from."""

    document: PolicyDocument
    text: str
    name: str
    lines: Lines
    _read: dict[tuple[str, Sort], tuple[DutyRule, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def label(self) -> str:
        """What a case keeps of the policy it began under: version and the digest of the very bytes."""
        return f"{self.document.version} sha256:{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.document.clock.timezone)

    @cached_property
    def audiences(self) -> dict[str, tuple[PostId, ...]]:
        """Names for several posts, usable wherever posts are."""
        return {name: tuple(map(PostId, posts)) for name, posts in self.document.audiences.items()}

    @cached_property
    def _triggered(self) -> dict[str, tuple[str, ...]]:
        """The rules' names by what opens them, in the policy's order."""
        found: dict[str, list[str]] = {}
        for name in self.document.duties:
            for trigger in triggers_of(whole_rule(self.document, name)):
                found.setdefault(trigger, []).append(name)
        return {trigger: tuple(names) for trigger, names in found.items()}

    def rules_on(self, trigger: str, sort: Sort) -> tuple[DutyRule, ...]:
        """The duties that `trigger` lays on somebody in a matter of this sort, in the policy's order.

        All periodic rules are opened by `established.periodic`, all rules of shifts by `established.roster`.
        """
        key = (trigger, sort)
        if (known := self._read.get(key)) is not None:
            return known
        names = self._triggered.get(trigger, ())
        found = tuple(
            resolve(self.document, name, sort, self.lines.of) for name in names if fits(whole_rule(self.document, name).get("when"), sort)
        )
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        self._read[key] = found
        return found

    def rule_named(self, name: str, sort: Sort) -> DutyRule | None:
        """The rule as it stands for this sort, whatever opens it; None where it is not there, or not for this sort."""
        if name not in self.document.duties:
            return None
        key = (f"={name}", sort)
        if (known := self._read.get(key)) is not None:
            return known[0] if known else None
        when = whole_rule(self.document, name).get("when")
        found = (resolve(self.document, name, sort, self.lines.of),) if fits(when, sort) else ()
        self._read[key] = found
        return found[0] if found else None

    @cached_property
    def periodic(self) -> tuple[DutyRule, ...]:
        """Every rule that `established.periodic` opens, as it stands for the standing case that watches it."""
        names = self._triggered.get("established.periodic", ())
        sort = Sort(ReportKind.STANDING, None, None, None, False, AreaCode("000000"), UnitId(""))
        return tuple(resolve(self.document, name, sort, self.lines.of) for name in names)

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
