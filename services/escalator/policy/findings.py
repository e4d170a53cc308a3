"""What a check has found in a policy, each with its line and the remedy."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.escalator.policy.book import Policy
from services.escalator.policy.inherit import Section
from services.escalator.policy.resolve import Path, PolicyError
from services.escalator.policy.rule import DutyRule, MatterChoice
from services.escalator.policy.sorts import sorts_of
from shared.directory import Directory
from shared.message import Sayable, placed


@dataclass
class Findings:
    """`faults` make a policy one that can't be followed; `warnings` are for a person to judge. Each
    `file:line: path: what; remedy`.
    """

    policy: Policy
    directory: Directory
    faults: list[Sayable] = field(default_factory=list[Sayable])
    warnings: list[Sayable] = field(default_factory=list[Sayable])
    sorts: dict[str, list[MatterChoice]] = field(default_factory=dict[str, list[MatterChoice]])
    """Of each rule that can be read: every sort of matter it tells apart."""
    read: dict[str, list[tuple[MatterChoice, DutyRule]]] = field(
        default_factory=dict[str, list[tuple[MatterChoice, DutyRule]]]
    )
    """Of each rule: how it stands for each of these."""

    tell_sorts: dict[str, list[MatterChoice]] = field(default_factory=dict[str, list[MatterChoice]])
    """The same of each rule of `tells:`."""

    _reported: set[tuple[Path, str]] = field(default_factory=set[tuple[Path, str]])

    def fault(self, text: Sayable, *path: str | int, same: str | None = None) -> None:
        """`same`: what makes it the same fault for another sort of matter, so that it is said once."""
        self._say(self.faults, text, path, same)

    def warn(self, text: Sayable, *path: str | int, same: str | None = None) -> None:
        self._say(self.warnings, text, path, same)

    def _say(self, where: list[Sayable], text: Sayable, path: Path, same: str | None) -> None:
        if (path, same or text) not in self._reported:
            self._reported.add((path, same or text))
            line = self.policy.lines.of(path)
            where.append(placed(self.policy.name, line, ".".join(map(str, path)), text))


Check = Callable[[Findings], None]


def examine(policy: Policy, directory: Directory) -> Findings:
    """Read every rule for every sort it tells apart; a rule that can't be read is a fault already."""
    findings = Findings(policy, directory)
    document = policy.document
    for name in document.duties:
        try:
            findings.sorts[name] = sorts_of(document, name)
        except PolicyError as error:
            findings.fault(error.text, *error.path)
            continue
        read: list[tuple[MatterChoice, DutyRule]] = []
        for sort in findings.sorts[name]:
            try:
                if (rule := policy.rule_named(name, sort)) is not None:
                    read.append((sort, rule))
            except PolicyError as error:
                findings.fault(error.text, *error.path)
        findings.read[name] = read
    for name in document.tells:
        _examine_tell(findings, name)
    return findings


def _examine_tell(findings: Findings, name: str) -> None:
    try:
        findings.tell_sorts[name] = sorts_of(findings.policy.document, name, Section.TELLS)
        for sort in findings.tell_sorts[name]:
            findings.policy.tell_named(name, sort)
    except PolicyError as error:
        findings.fault(error.text, *error.path)
