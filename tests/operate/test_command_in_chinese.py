"""The command in Chinese as an operator meets it: help, faults and answers, and no sentence that was left in
English.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenghuo import speech
from fenghuo.cli import COMMANDS, GROUPS, main
from fenghuo.speech import Unknown, chosen
from fenghuo.speech.choice import VARIABLES
from shared.vocabulary import Language, Role
from tests.lab import ROOT

NAMES = {
    *COMMANDS, *GROUPS, *Role, "fenghuo", "json", "jsonl", "xlsx", "python", "mongodb", "csv", "utf", "iso", "gb", "idempotency-key",
    "icalendar", "pem", "cron", "sigterm", "post", "schema", "docker-compose", "id", "zh", "en", "txt", "ctrl-c",
}  # fmt: skip
"""What is called so in Chinese too."""
NOT_WORDS = re.compile(
    r"`[^`]*`|'[^']*'|--?[a-z][\w-]*|[A-Z][A-Z_]+|\S*[\d/|_:=*<>.{}]\S*|<[^>]*>|\[默认[^\]]*\]|\(角色[^)]*\)|（[^（）]*角色[^（）]*）"
)
"""What is typed as it stands: options, names in quotes, variables, paths, values."""


@pytest.fixture(autouse=True)
def in_english_again() -> Iterator[None]:
    yield
    speech.choose(Language.EN)


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["fenghuo", "--lang", "zh", *arguments])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def english_in(text: str) -> set[str]:
    return {
        word
        for word in re.findall(r"[A-Za-z][A-Za-z'-]{2,}", NOT_WORDS.sub(" ", text))
        if word.lower() not in NAMES and not word.isupper()
    }


@pytest.mark.parametrize(
    ("arguments", "environment", "language", "rest"),
    [
        (["--lang", "zh", "cases"], {}, Language.ZH, ["cases"]),
        (["cases", "--lang=en", "--json"], {"LANG": "zh_CN.UTF-8"}, Language.EN, ["cases", "--json"]),
        (["cases"], {"LANG": "zh_CN.UTF-8"}, Language.ZH, ["cases"]),
        (["cases"], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, Language.EN, ["cases"]),
        (["cases"], {"LC_ALL": "C", "FENGHUO_LANG": "zh"}, Language.ZH, ["cases"]),
        (["act", "c", "comment", "--", "--lang"], {}, Language.EN, ["act", "c", "comment", "--", "--lang"]),
    ],
)
def test_the_option_goes_before_the_environment_and_may_stand_anywhere(
    arguments: list[str], environment: dict[str, str], language: Language, rest: list[str]
) -> None:
    assert chosen(arguments, environment) == (language, rest)


@pytest.mark.parametrize("wish", ["fr", "", "z" * 5_000])
def test_a_language_that_there_is_not_is_refused(wish: str) -> None:
    with pytest.raises(Unknown):
        chosen(["--lang", wish, "cases"], {})


def test_the_help_names_the_variables_that_are_looked_at() -> None:
    assert VARIABLES[0] == "FENGHUO_LANG"
    assert VARIABLES[-1] == "LANG"


@pytest.mark.parametrize("name", ["", *COMMANDS, *GROUPS])
def test_help_has_no_english_word_left_but_names(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(monkeypatch, capsys, *filter(None, [name, "--help"]))
    text = re.sub(r"(?m)^  [a-z][a-z-]* ", "", text)  # the commands that are listed

    assert code == 0
    assert text.startswith("用法：fenghuo")
    assert english_in(text) == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cases", "--limit", "900"], "'--limit' 的值不对：须不大于 200"),
        (["cases", "--limit", "x"], "须为整数，而不是 'x'"),
        (["case"], "缺少 'CASE'。"),
        (["cases", "--lmit", "3"], "没有选项 --lmit。是不是 --limit、--unit？"),
        (["nothing"], "没有命令 'nothing'。"),
        (["directory", "chek"], "是不是 'check', 'change'？"),
        (["tasks", "--state", "lost"], "'lost' 不在可选值之内：请写 'assigned'"),
        (["cases", "a", "b"], "命令行上多了：a b"),
        (["cases", "--unit"], "选项 --unit 需要一个值。"),
        (["trail", "report", "unit", "--since", "3"], "不是时间：请写作 2026-11-23T03:05:00+08:00"),
    ],
)
def test_a_slip_of_the_fingers_is_said_in_chinese_with_code_2(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(monkeypatch, capsys, *arguments)

    assert code == 2
    assert words in text
    assert english_in(text.replace(arguments[-1], "")) == set()


SPOKEN = ("fenghuo/commands", "fenghuo/examination")
SAID_ELSEWHERE = {"Option", "Argument", "Typer", "worded", "N_", "said", "call", "ask", "call_all"}
"""Help is walked as a tree; what is asked of a service is no sentence."""


STYLES = ("bold red",)
HELP = {"_directory.py": "IMPORT_HELP", "_typed.py": "HARM_HELP"}
"""Help that several commands share."""


def sentences(path: Path) -> Iterator[str]:
    """Strings of a function that look like a sentence and are not said through the catalogue."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said_well = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in SAID_ELSEWHERE
        for inner in ast.walk(node)
    }
    said_well |= {
        id(inner)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == HELP.get(path.name)
        for inner in ast.walk(node)
    }
    plain = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said_well | plain
        ):
            words = NOT_WORDS.sub(" ", re.sub(r"\[/?[a-z ]*\]", " ", node.value))
            if re.search(r"[a-z]{2,} +[a-z]{2,}", words) and node.value not in STYLES:
                yield f"{path.name}:{node.lineno} {node.value}"


def test_every_sentence_of_a_command_is_said_through_the_catalogue() -> None:
    paths = [path for room in SPOKEN for path in (ROOT / room).glob("*.py")]
    assert sorted(line for path in paths for line in sentences(path)) == []
