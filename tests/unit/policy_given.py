"""The default policy with pieces of its text replaced, and the sorts of matter that tests ask about."""

from functools import cache
from pathlib import Path
from typing import Any

from services.escalator.policy.book import Policy
from services.escalator.policy.load import parse_policy
from services.escalator.policy.rule import DutyRule, MatterChoice
from shared.directory import Directory, load_directory
from shared.ids import AreaCode, UnitId
from shared.vocabulary import Category, Level, ReportKind

CONFIG = Path(__file__).resolve().parents[2] / "config"


@cache
def directory() -> Directory:
    return load_directory(CONFIG / "directory.yaml")


def text_with(*changes: tuple[str, str]) -> str:
    text = (CONFIG / "policy.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@cache
def default() -> Policy:
    return parse_policy(text_with())


def policy(*changes: tuple[str, str], add: str = "") -> Policy:
    """`add`: more rules, as they would stand under `duties:`."""
    return parse_policy(text_with(*changes) + add)


def sort(
    kind: ReportKind = ReportKind.INCIDENT, level: Level | None = Level.II, **changes: Any
) -> MatterChoice:
    known: dict[str, Any] = {
        "category": Category.ACCIDENT,
        "topic": None,
        "sensitive": False,
        "area": AreaCode("620622"),
        "unit": UnitId("emergency_bureau"),
    }
    graded = known | changes
    gravity = default().document.gravity.of(level, graded["sensitive"])
    return MatterChoice(kind=kind, level=level, gravity=gravity, **graded)


def rule(name: str, of: MatterChoice | None = None, among: Policy | None = None) -> DutyRule:
    found = (among or default()).rule_named(name, of or sort())
    assert found is not None, f"{name} is not for {of}"
    return found
