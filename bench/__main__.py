"""`python -m bench [name …]`: run the measurements and print what came out, with the machine."""

import importlib
import os
import platform
import sys
from collections.abc import Sequence

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

ALL = (
    "latency",
    "throughput",
    "lateness",
    "decide",
    "authenticity",
    "escalator",
    "subscribing",
    "at_once",
    "clocks",
    "simulate",
    "reference",
    "query",
    "export",
    "trail",
    "door",
    "directory",
    "flood",
    "taken_back",
    "board",
    "many_tasks",
    "many_items",
    "matching",
    "posting",
    "notifying",
    "uploading",
    "filled_forms",
)


def _asked(arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each measurement with those of its parts that were named behind it."""
    asked: list[tuple[str, list[str]]] = []
    for argument in arguments:
        if asked and argument in getattr(importlib.import_module(f"bench.{asked[-1][0]}"), "PARTS", ()):
            asked[-1][1].append(argument)
        else:
            asked.append((argument, []))
    return asked


def main() -> None:
    console = Console()
    memory = psutil.virtual_memory().total / 1e9
    console.print(
        f"machine: {os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {platform.python_version()}"
    )
    for name, parts in _asked(sys.argv[1:] or ALL):
        module = importlib.import_module(f"bench.{name}")
        console.rule(name)
        console.print((module.__doc__ or "").strip(), style="dim")
        result = uvloop.run(module.run(*parts))
        table = Table(show_header=False, box=None)
        for key, value in result.items():
            table.add_row(key, str(value))
        console.print(table)


main()
