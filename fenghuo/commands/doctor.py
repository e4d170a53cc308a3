"""`fenghuo doctor`: looks at everything an installation needs, part by part, and says what to do about each
fault.
"""

import asyncio
from typing import Annotated, Any

import typer

from fenghuo.speech import also


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Check Python, packages, secrets, configuration, broker, streams, store, services and clocks.

    Exit code 0 when all is well, 1 for a fault, 3 where the broker, the store or a service can't be reached.
    """
    from fenghuo.answers import Exit, answer, out
    from fenghuo.examination.examine import examine
    from fenghuo.examination.finding import Grade
    from fenghuo.quiet import hush

    hush()
    findings = asyncio.run(examine())
    marks = {
        Grade.WELL: "[green]✓[/]",
        Grade.FAULT: "[bold red]✗[/]",
        Grade.AWAY: "[bold red]✗[/]",
        Grade.NOTE: "[yellow]·[/]",
    }

    def render(_: Any) -> None:
        from rich.cells import cell_len
        from rich.markup import escape

        for finding in findings:
            name = also(finding.what)
            gap = " " * max(22 - cell_len(name), 0)
            out.print(f"{marks[finding.grade]} {name}{gap} {escape(also(finding.words))}", highlight=False)
            if finding.remedy:
                out.print(f"    → {escape(finding.remedy)}", highlight=False)

    grades = {finding.grade for finding in findings}
    code = Exit.UNREACHABLE if Grade.AWAY in grades else Exit.NO if Grade.FAULT in grades else Exit.DONE
    result = {"well": code is Exit.DONE, "findings": [finding.as_dict() for finding in findings]}
    answer(result, as_json=as_json, render=render)
    raise typer.Exit(code)
