"""`fenghuo roster`: who is on duty now, who comes next, and whether they have signed in."""

from datetime import datetime
from typing import Annotated, Any

import typer

from fenghuo.speech import named, worded
from shared.vocabulary import Role

SIGN_IN = "sign_in"
"""The policy's rule for signing in."""


def roster(
    id: Annotated[  # noqa: A002 - the roster's word
        str | None, typer.Argument(help="One roster; without it all of them.", metavar="ROSTER")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show who is on duty, the leader on duty, and who comes next (FENGHUO_TOKEN, role duty_officer).

    Sign in with `fenghuo act CASE sign-in`, hand over with `fenghuo act CASE hand-over --to-person …`; CASE
    stands beside the roster.
    """
    from fenghuo.answers import Exit, answer, fail
    from fenghuo.client import call, call_all
    from fenghuo.commands._names import clock, names
    from shared.standing import standing_case

    rosters: list[dict[str, Any]] = call_all("intake", "/api/v1/directory/rosters", role=Role.DUTY_OFFICER)[
        "rosters"
    ]
    if id is not None and id not in {roster["id"] for roster in rosters}:
        fail(
            Exit.USAGE,
            worded("there is no roster %(id)s", id=repr(id)),
            worded(
                "name one of %(rosters)s",
                rosters=", ".join(roster["id"] for roster in rosters) or worded("none: add one"),
            ),
        )
    standing = call(
        "intake", "GET", "/api/v1/cases", role=Role.DUTY_OFFICER, params={"standing": "true", "limit": 200}
    ).json()["cases"]
    by_case = {case["id"]: case for case in standing}
    rows = [
        _row(roster, standing_case("roster", roster["id"]), by_case)
        for roster in rosters
        if id in (None, roster["id"])
    ]

    def render(result: list[dict[str, Any]]) -> None:
        from rich.markup import escape
        from rich.table import Table

        from fenghuo.answers import out

        directory_names = names()
        table = Table(
            worded("roster"),
            worded("on duty"),
            worded("leader"),
            worded("until"),
            worded("signed in"),
            worded("next"),
            worded("case"),
            box=None,
            pad_edge=False,
            header_style="dim",
        )
        for row in result:
            now: dict[str, Any] = row["on_duty"] or {}
            after: dict[str, Any] = row["next"] or {}
            table.add_row(
                escape(named(row["name"]["zh"], row["name"]["en"])),
                escape(directory_names.person(now["person"])) if now else worded("[bold red]nobody[/]"),
                escape(directory_names.person(now["leader"])) if now.get("leader") else "",
                clock(datetime.fromisoformat(now["until"])) if now else "",
                _state_words(row["sign_in"]),
                escape(
                    worded(
                        "%(person)s from %(fromisoformat)s",
                        person=directory_names.person(after["person"]),
                        fromisoformat=clock(datetime.fromisoformat(after["from"])),
                    )
                )
                if after
                else "",
                row["case"],
            )
        out.print(table if result else worded("no roster"))

    answer(rows, as_json=as_json, render=render)


def _row(entry: dict[str, Any], case: str, by_case: dict[str, Any]) -> dict[str, Any]:
    now = entry.get("on_duty")
    coming = [shift for shift in entry.get("shifts", []) if now is None or shift["from"] >= now["until"]]
    duties = [duty for duty in by_case.get(case, {}).get("duties", []) if duty["rule"] == SIGN_IN]
    return {
        "roster": entry["id"],
        "name": entry["name"],
        "on_duty": now,
        "next": coming[0] if coming else None,
        "case": case,
        "sign_in": duties[-1].get("state", "open") if duties else None,
    }


def _state_words(state: str | None) -> str:
    words = {
        None: worded("[dim]not asked[/]"),
        "open": worded("[yellow]not yet[/]"),
        "lapsed": worded("[bold red]absent[/]"),
        "lapsed_discharged": worded("[red]late[/]"),
    }
    return words.get(state, worded("[green]yes[/]") if state == "discharged" else str(state))
