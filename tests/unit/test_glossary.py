"""One word, one meaning: a class name stands once in the product, or twice with a reason in the glossary; a word
of Chinese that the glossary replaces stands nowhere.
"""

import ast
import re
from collections import defaultdict
from functools import cache

from tests.lab import ROOT


@cache
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


SPOKEN_IN = ("shared", "services", "fenghuo", "config", "docs")
"""Where people's words are written: code, templates, catalogues, policy, forms, pages."""
WRITTEN = (".py", ".html", ".txt", ".po", ".yaml", ".md")
NOT_OURS = {"docs/glossary.md", "config/directory.yaml", "services/escalator/deciding/telling_texts.py"}
"""The list itself; names of units and plans; the words of other people's reports."""


@cache
def replaced() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Word that is not used → the one that is, and how the former is found: not where it is part of what is
    meant.
    """
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    _, _, table = text.partition("## Words of Chinese that are not used")
    table, _, _ = table.partition("\n## ")
    words: dict[str, tuple[str, re.Pattern[str]]] = {}
    for line in table.splitlines()[6:]:
        if not line.startswith("| "):
            continue
        old, new, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        old, _, meant = old.partition("(not:")
        before = [name.strip(" )").partition(old.strip())[0] for name in meant.split(",") if meant]
        for word in old.split(","):
            kept = "".join(f"(?<!{name})" for name in before)
            words[word.strip()] = (new, re.compile(kept + re.escape(word.strip())))
    return words


def replaced_words_in(text: str) -> set[str]:
    return {f"{word} → {new}" for word, (new, form) in replaced().items() if form.search(text)}


def test_a_word_that_the_glossary_replaces_stands_nowhere() -> None:
    forms = replaced()
    assert len(forms) > 25
    found = {
        f"{path.relative_to(ROOT)}:{number}: {word} → {new}"
        for room in SPOKEN_IN
        for path in (ROOT / room).rglob("*")
        if path.suffix in WRITTEN and str(path.relative_to(ROOT)) not in NOT_OURS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if not line.isascii()
        for word, (new, form) in forms.items()
        if form.search(line)
    }
    assert sorted(found) == []


def test_such_a_word_is_found_and_what_is_meant_is_not() -> None:
    assert replaced_words_in("此事件责任失效，已移交督查") == {
        "事件 → 事项", "责任失效 → 逾期未履行", "移交 → 移送", "督查 → 督办",
    }  # fmt: skip
    assert replaced_words_in("突发事件、公共卫生事件与同一事件：事项逾期未履行，移送督办") == set()
