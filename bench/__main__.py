"""`python -m bench [name …]`: run the measurements and print what came out, with the machine."""

import importlib
import os
import platform
import sys

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

ALL = ("latency", "throughput", "lateness", "decide", "escalator", "at_once", "clocks", "simulate", "reference", "query", "export")


def main() -> None:
    console = Console()
    memory = psutil.virtual_memory().total / 1e9
    console.print(f"machine: {os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {platform.python_version()}")
    for name in sys.argv[1:] or ALL:
        module = importlib.import_module(f"bench.{name}")
        console.rule(name)
        console.print((module.__doc__ or "").strip(), style="dim")
        result = uvloop.run(module.run())
        table = Table(show_header=False, box=None)
        for key, value in result.items():
            table.add_row(key, str(value))
        console.print(table)


main()
