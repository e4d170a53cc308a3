"""`fenghuo suspicions`: what an outside source knew and no unit had reported, for a person to confirm or
refute.
"""

from typing import Annotated, Any

import typer

from shared.vocabulary import Role


def suspicions(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were confirmed or refuted already.")
    ] = False,
    unit: Annotated[str | None, typer.Option(help="Only against this unit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List suspected omissions (FENGHUO_TOKEN, role supervisor). `fenghuo act CASE confirm|refute --text …`
    decides.
    """
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_suspicions
    from fenghuo.commands._show_case import read

    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": 200, **({"cursor": cursor} if cursor else {})}
        page = call("intake", "GET", "/api/v1/cases", role=Role.SUPERVISOR, params=params).json()
        rows += [case for case in page["cases"] if _is_wanted(case.get("suspicion"), unit, everything)]
        cursor = page.get("next")
        if not cursor:
            break
    answer(rows, as_json=as_json, render=lambda cases: show_suspicions([read(case) for case in cases]))


def _is_wanted(suspicion: dict[str, Any] | None, unit: str | None, everything: bool) -> bool:
    if suspicion is None or "suspected_at" not in suspicion:
        return False
    is_over = suspicion.get("confirmed") is not None or "withdrawn_at" in suspicion
    return (everything or not is_over) and unit in (None, suspicion["unit"])
