"""A rule of `tells:` as it stands for one sort of matter: who hears of what, over which channels."""

from collections.abc import Callable
from dataclasses import dataclass

from services.escalator.policy.field_reader import FieldReader
from services.escalator.policy.inherit import Path, PolicyError, Section, whole_rule
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.rule import MatterChoice, RuleScope
from shared.facts import Name, PolicyLine
from shared.message import N_


@dataclass(frozen=True, slots=True, eq=False)
class TellRule:
    name: str
    title: Name
    on: tuple[str, ...]
    to: tuple[str, ...]
    channels: tuple[str, ...]
    scope: RuleScope
    line: PolicyLine
    """The rule itself, or the variant that names who is told or how."""


class _TellReader(FieldReader):
    section = Section.TELLS

    def rule(self) -> TellRule:
        whole = whole_rule(self.document, self.name, self.section)
        at = (self.section.value, self.name)
        title = self.plainly("title")
        if title is None:
            raise PolicyError(at, N_("nobody could say what happened: write `title:` in both languages"))
        if not whole.get("on"):
            raise PolicyError(at, N_("nothing is told by it: write `on:`"))
        to, _ = self.names("to")
        if not to:
            raise PolicyError(at, N_("nobody hears of it: write `to:`"))
        channels, _ = self.names("channels")
        return TellRule(
            name=self.name,
            title=title,
            on=whole["on"],
            to=to,
            channels=channels or self.document.half_hour.channels,
            scope=whole.get("scope") or RuleScope.CASE,
            line=self.line_at(self._variant() or at),
        )

    def _variant(self) -> Path | None:
        """The variant that has the last word on who is told, or how."""
        places = [found[1] for field in ("to", "channels") if (found := self.written(field)) is not None]
        return next((path for path in reversed(places) if "variants" in path), None)


def resolve_tell(
    document: PolicyDocument, name: str, sort: MatterChoice, line_of: Callable[[Path], int]
) -> TellRule:
    """Raises PolicyError where a value is missing or leads nowhere for this sort."""
    return _TellReader(document, name, sort, line_of).rule()
