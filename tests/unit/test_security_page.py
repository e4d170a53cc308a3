"""docs/security.md names a test for each deed, and each attack stands on it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
FOLDER = ROOT / "tests" / "attacks"
ATTACKS = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("test_*.py")}


def test_every_attack_stands_on_the_page_and_every_link_leads_to_a_test() -> None:
    named = set(re.findall(r"\(\.\./tests/attacks/((?:apart/)?test_\w+\.py)\)", PAGE))
    assert named == ATTACKS


def test_every_deed_has_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| the deed")]
    assert rows
    for row in rows:
        assert "(../tests/" in row, row
