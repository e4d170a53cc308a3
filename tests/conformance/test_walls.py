"""The verifier is independent: whoever only read the specifications could have written it, so it can take
nothing from the log.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
VERIFIER = "tests.conformance.verifier"
KNOW_THE_LOG = {"conftest.py", "test_agreement.py", "test_witness_agreement.py"}
"""One starts the log, the others set its readers beside the verifier's."""


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_the_verifier_imports_the_standard_library_cryptography_and_httpx_only() -> None:
    for file in (HERE / "verifier").glob("*.py"):
        for name in imports(file):
            root = name.partition(".")[0]
            assert (
                root in sys.stdlib_module_names
                or root in ("cryptography", "httpx2")
                or name.startswith(VERIFIER)
            ), f"{file.name}: {name}"


def test_no_test_here_imports_the_log_it_judges() -> None:
    for file in set(HERE.glob("*.py")) - {HERE / name for name in KNOW_THE_LOG}:
        for name in imports(file):
            assert name.partition(".")[0] not in ("services", "shared", "fenghuo"), f"{file.name}: {name}"
