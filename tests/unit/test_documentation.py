"""What the documentation names is there: every relative link with its place on the page, and every file or
folder in `code` or in a figure.

A name may be the end of a path (`writing/indexer.py`), hold a choice (`lanes/{clocks,overdue}.py`) or a star.
"""

import fnmatch
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "config", "docs", "fenghuo", "services", "shared", "tests", "tools", ".github")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(
        page
        for folder in ("architecture", "manual", "zh")
        for page in sorted((ROOT / "docs" / folder).glob("*.md"))
    ),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"[\w{},*./-]*\w\*?\.(?:py|po|md|yaml|yml|toml|conf|css)")
FOLDER = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w{{}},*./-]*")
CHOICE = re.compile(r"\{([^{}]*)\}")

ELSEWHERE = {
    "docker-compose.override.yml",  # the operator's own
    "services/notifier/channels/printer.py",  # the channel that CONTRIBUTING.md adds
    "witness.toml",  # in a witness's own folder
}


@cache
def in_the_tree() -> frozenset[str]:
    """Every file and folder of the repository, from its root."""
    below = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    paths = [*ROOT.iterdir(), *below]
    return frozenset(str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def figures(page: Path) -> str:
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    return "\n".join(text for language, text in blocks if language == "mermaid")


def anchors(page: Path) -> set[str]:
    """Where a link may lead on a page: its headings, as the forges spell them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    named = re.findall(r'<a (?:id|name)="([^"]+)"', page.read_text(encoding="utf-8"))
    return {heading.replace(" ", "-") for heading in plain} | set(named)


def is_there(target: Path, anchor: str) -> bool:
    line = re.fullmatch(r"L(\d+)", anchor)
    if line is None:
        return anchor in anchors(target)
    return int(line[1]) <= len(target.read_text(encoding="utf-8").splitlines())


def spelled_out(name: str) -> Iterator[str]:
    """`a/{b,c}.py` is `a/b.py` and `a/c.py`."""
    choice = CHOICE.search(name)
    if choice is None:
        yield name
        return
    for word in choice[1].split(","):
        yield from spelled_out(name[: choice.start()] + word.strip() + name[choice.end() :])


def stands_in_the_tree(name: str) -> bool:
    wanted = name.rstrip("/")
    return any(fnmatch.fnmatchcase(f"/{path}", f"*/{wanted}") for path in in_the_tree())


def named_paths(page: Path) -> Iterator[str]:
    in_code = [code.replace("…", "*") for code in CODE.findall(prose(page))]
    yield from (code for code in in_code if FILE.fullmatch(code) or FOLDER.fullmatch(code))
    yield from FILE.findall(figures(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    lost: list[str] = []
    for link in LINK.findall(prose(page)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and not is_there(target, anchor)):
            lost.append(link)
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    names = {spelled for name in named_paths(page) for spelled in spelled_out(name)}
    assert sorted(name for name in names - ELSEWHERE if not stands_in_the_tree(name)) == []


SERVICES = ("intake", "escalator", "notifier", "audit")


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_of_rooms_has_every_room_of_a_service(service: str) -> None:
    rows = re.findall(rf"^\| {service} \|(.*)$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M)
    rooms = {path.parent.name for path in (ROOT / "services" / service).glob("*/__init__.py")}
    assert len(rows) == 1
    assert rooms == {code for code in CODE.findall(rows[0]) if not code.endswith(".py")}


QUOTED = {"An act": "shared/acts/reporting.py", "A report": "services/audit/reports/workload.py"}


@pytest.mark.parametrize("walk", QUOTED)
def test_what_a_newcomer_is_shown_of_the_code_stands_in_the_code(walk: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition(f"**{walk}** ")[2]
    block = re.search(r"```python\n(.*?)```", text, re.S)
    assert block is not None
    code = {line.strip() for line in (ROOT / QUOTED[walk]).read_text(encoding="utf-8").splitlines()}
    shown = [line.partition("  # ")[0].strip() for line in block[1].splitlines()]
    assert [
        line for line in shown if line and line.rstrip(",") not in {known.rstrip(",") for known in code}
    ] == []


def test_every_role_of_the_manual_has_its_page_in_both_languages() -> None:
    manual = {page.name for page in (ROOT / "docs" / "manual").glob("*.md")}
    chinese = {page.name for page in (ROOT / "docs" / "zh").glob("*.md")}
    assert manual == {
        "README.md", "reporter.md", "duty-officer.md", "leader.md", "supervisor.md", "auditor.md",
    }  # fmt: skip
    assert manual <= chinese
    alone = {name for name in chinese - manual if not (ROOT / "docs" / name).exists()}
    assert not alone, f"{alone}: what operators read in Chinese stands in docs/ in English too"
