"""One word, one meaning: a class name stands once in the product, or twice with a reason in the glossary."""

import ast
import re
from collections import defaultdict

from tests.lab import ROOT


def classes() -> dict[str, list[str]]:
    """Name → the files that have a class of that name."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for top in ("services", "shared", "fenghuo"):
        for file in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    files[node.name].append(str(file.relative_to(ROOT)))
    return files


def with_a_reason() -> set[str]:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    _, _, table = text.partition("## Class names that stand twice")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_a_class_name_stands_once_or_twice_with_a_reason() -> None:
    twice = {name: files for name, files in classes().items() if len(files) > 1}
    assert {name: twice[name] for name in twice.keys() - with_a_reason()} == {}


def test_no_reason_is_given_for_a_name_that_stands_once() -> None:
    assert {name for name in with_a_reason() if len(classes()[name]) < 2} == set()
