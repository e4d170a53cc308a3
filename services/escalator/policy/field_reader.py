"""A field of a rule as it stands for one sort of matter: from which place of the file it comes, and what a
reference in it stands for.

Invariant: the last place to name a field wins, whatever section of the policy the rule stands in.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from services.escalator.policy.duty_spec import is_ref
from services.escalator.policy.inherit import Path, PolicyError, Section, layers_of
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.rule import MatterChoice
from shared.facts import PolicyLine
from shared.message import N_, said


class FieldReader:
    section: ClassVar[Section]

    def __init__(
        self, document: PolicyDocument, name: str, sort: MatterChoice, line_of: Callable[[Path], int]
    ) -> None:
        self.document, self.name, self.sort = document, name, sort
        self._line_of = line_of
        self._layers = layers_of(document, name, sort, self.section)

    def written(self, field: str) -> tuple[Any, Path] | None:
        for layer in reversed(self._layers):
            if field in layer.terms.model_fields_set:
                return getattr(layer.terms, field), (*layer.path, field)
        return None

    def plainly(self, field: str) -> Any:
        found = self.written(field)
        return found[0] if found else None

    def line_at(self, path: Path) -> PolicyLine:
        return PolicyLine(path=".".join(map(str, path)), line=self._line_of(path))

    def follow(self, ref: str, where: Path) -> tuple[Any, Path]:
        """What `@levels.{level}.report` stands for, and its own path."""
        sort = self.sort
        filled = {"level": sort.level, "topic": sort.topic, "kind": sort.kind, "category": sort.category}
        path: list[str] = []
        value: Any = self.document
        for part in ref[1:].split("."):
            key = part
            if part.startswith("{"):
                key = str(filled[part[1:-1]] or "")
                if not key:
                    raise PolicyError(
                        where,
                        said(
                            N_(
                                "%(ref)s has no meaning for a matter without %(part)s: add a variant for %(part)s none"
                            ),
                            ref=ref,
                            part=part[1:-1],
                        ),
                    )
            value = (
                cast(dict[str, Any], value).get(key)
                if isinstance(value, dict)
                else getattr(cast(object, value), key, None)
            )
            path.append(key)
            if value is None:
                raise PolicyError(
                    where,
                    said(
                        N_("%(ref)s leads nowhere: there is no %(path)s in the policy"),
                        ref=ref,
                        path=".".join(path),
                    ),
                )
        return value, tuple(path)

    def names(self, field: str) -> tuple[tuple[str, ...], PolicyLine | None]:
        found = self.written(field)
        if found is None or not found[0]:
            return (), None
        names, where = found
        flat: list[str] = []
        source = where
        for name in names:
            if is_ref(name):
                value, source = self.follow(name, where)
                flat += [value] if isinstance(value, str) else [str(one) for one in value]
            else:
                flat.append(name)
        return tuple(dict.fromkeys(flat)), self.line_at(source)
