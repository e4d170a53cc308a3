"""docs/requirements.md: each requirement of the field with the policy lines, routes and story tests that
answer it.

Invariant: nothing is claimed by hand. A row's rules are those that name it in the policy in the tree, its
acts are those that open and discharge them. A story tells a row: a file of tests/stories whose docstring begins
with its sentence and `Row <number>.` The row is met only where a story plays the running services (test_live_…,
which asserts the text that was rung) and `missing` is empty; it is met in part where a story plays it on the
virtual clock alone, or where `missing` says what a user can't do yet.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, cast

from services.escalator.policy.load import Policy, load_policy
from services.escalator.policy.resolve import ancestry
from shared.acts import ACTS
from shared.vocabulary import Kind
from tools.requirements_rows import ROWS, Row

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "config" / "policy.yaml"
STORIES = ROOT / "tests" / "stories"
NAMED = re.compile(r"\bRows? ([\d, –and-]+)\.")
BY_HAND = {"acknowledged": "acknowledge", "logged_call": "acknowledge", "discharged": "", "lapsed": ""}


@dataclass(frozen=True)
class Story:
    """A story test: its file, its title, and the rows it tells."""

    path: Path
    title: str
    rows: frozenset[int]

    @property
    def is_live(self) -> bool:
        """The story plays the running services, on a compressed clock."""
        return self.path.name.startswith("test_live_")

    @property
    def link(self) -> str:
        return f"[{self.title or self.path.name}](../{self.path.relative_to(ROOT)})"


@dataclass(frozen=True)
class Tree:
    """What the tree says: the policy and the stories."""

    policy: Policy
    stories: tuple[Story, ...]

    @classmethod
    def here(cls) -> "Tree":
        return cls(load_policy(POLICY), tuple(stories(STORIES)))

    @cached_property
    def rules(self) -> dict[int, list[str]]:
        """The names of the duty rules by the row they serve, in the policy's order."""
        found: dict[int, list[str]] = {}
        for name, spec in self.policy.document.duties.items():
            for number in spec.rows:
                found.setdefault(number, []).append(name)
        return found

    def rules_of(self, row: Row) -> list[str]:
        return list(dict.fromkeys(name for number in row.numbers for name in self.rules.get(number, ())))

    def stories_of(self, row: Row) -> list[Story]:
        return [story for story in self.stories if story.rows & set(row.numbers)]

    def line_of(self, rule: str) -> int:
        return self.policy.lines.of(("duties", rule))

    def routes_of(self, row: Row) -> list[str]:
        """The row's own routes, then those of the acts that open or discharge its duties."""
        acts = (path for rule in self.rules_of(row) for path in self.acts_of(rule))
        return list(dict.fromkeys([*row.routes, *(f"POST /api/v1/cases/{{id}}/{path}" for path in acts)]))

    def acts_of(self, rule: str) -> Iterable[str]:
        """The paths of the acts that open or discharge what the rule lays on somebody."""
        document = self.policy.document
        for field in ("on", "discharged_by"):
            said = (getattr(document.duties[name], field) for name in reversed(ancestry(document, rule)))
            for name in self._resolved(next((one for one in said if one is not None), ())):
                if path := path_of(name):
                    yield path

    def _resolved(self, names: tuple[str, ...]) -> Iterable[str]:
        """A reference such as `@half_hour.discharged_by` stands for what is written there."""
        for name in names:
            if name.startswith("@"):
                yield from reduce(getattr, name[1:].split("."), cast(Any, self.policy.document))
            else:
                yield name


def path_of(trigger: str) -> str | None:
    """The path of the act that a trigger of the policy is about; None where no person does it."""
    kind = trigger.partition(".")[0]
    if kind in BY_HAND:
        return BY_HAND[kind] or None
    act = ACTS.get(Kind(kind)) if kind in set(Kind) else None
    return act.path if act else None


def stories(folder: Path) -> Iterable[Story]:
    """Every story of the folder, by the first paragraph of its docstring."""
    for path in sorted(folder.glob("test_*.py")):
        words = " ".join(
            (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
            .partition("\n\n")[0]
            .split()
        )
        rows = frozenset(number for named in NAMED.findall(words) for number in numbers(named))
        yield Story(path, NAMED.sub("", words).strip().rstrip("."), rows)


def numbers(text: str) -> Iterable[int]:
    """`18`, `15, 16`, `34–36`, `39 and 40`."""
    for part in re.split(r",|and", text):
        first, _, last = part.strip().partition("–")
        if first.strip().isdigit():
            yield from range(int(first), int(last or first) + 1)


def state_of(tree: Tree, row: Row) -> str:
    """`met`, `in part; missing: …` or `not met yet: …`."""
    played = tree.stories_of(row)
    if untold := _without(row, played):
        why = "rules watch it, no story tells it" if tree.rules_of(row) else "nothing watches it"
        return f"not met yet (row {untold}): {why}"
    unseen = _without(row, [story for story in played if story.is_live])
    shown = f"a story of row {unseen} through the running services" if unseen else ""
    missing = "; ".join(filter(None, (row.missing, shown)))
    return f"in part; missing: {missing}" if missing else "met"


def _without(row: Row, played: Iterable[Story]) -> str:
    """The numbers of the row that none of the stories tells."""
    told = {number for story in played for number in story.rows}
    return ", ".join(str(number) for number in row.numbers if number not in told)


def requirements_page(tree: Tree) -> str:
    asked = {number for row in ROWS for number in row.numbers}
    met = {number for row in ROWS if state_of(tree, row) == "met" for number in row.numbers}
    parts = [part for row in ROWS for part in _section(tree, row)]
    return "\n".join(
        [
            "<!-- Written by tools/generate.py: change the policy, the stories or tools/requirements_rows.py, not this page. -->",
            "# Requirements",
            "",
            "What the field asks for, row by row, and where each is answered: "
            f"{len(met)} of {len(asked)} rows are met{', the others in part' if len(met) < len(asked) else ''}.",
            "Rules link to their line of [config/policy.yaml](../config/policy.yaml). Who may do an act, and with which fields, stands in",
            "`shared/acts`; every other route in the services' own `/openapi.json`.",
            "",
            "| row | the source says | state |",
            "|---|---|---|",
            *(
                f"| [{_numbered(row)}](#row-{row.numbers[0]}) | {row.says} | {state_of(tree, row)} |"
                for row in ROWS
            ),
            "",
            *parts,
        ]
    )


def _section(tree: Tree, row: Row) -> list[str]:
    rules = [
        f"[`{name}`](../config/policy.yaml#L{tree.line_of(name)}) (line {tree.line_of(name)})"
        for name in tree.rules_of(row)
    ]
    routes = [f"`{route}`" for route in tree.routes_of(row)]
    told = [story.link for story in tree.stories_of(row)]
    return [
        f'<a id="row-{row.numbers[0]}"></a>',
        f"## {_numbered(row)} {row.says}",
        "",
        f"The software can: {row.can}. Limit: {row.limit}. On record: {row.recorded}.",
        "",
        f"- Policy: {', '.join(rules) or 'no rule'}",
        f"- Routes: {', '.join(routes) or 'none'}",
        f"- Stories: {'; '.join(told) or state_of(tree, row)}",
        "",
    ]


def _numbered(row: Row) -> str:
    return str(row.numbers[0]) if len(row.numbers) == 1 else f"{row.numbers[0]}–{row.numbers[-1]}"
