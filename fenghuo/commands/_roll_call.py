"""`fenghuo notify roll-call` and `fenghuo notify reach`: asking everybody whether they can be reached, and who was."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from ulid import ULID

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.speech import labelled, named, reason, worded
from fenghuo.speech.words import listed
from shared.case.roll_call import Reach, WayState
from shared.vocabulary import Role

Json = dict[str, Any]
NOT_REACHED = (Reach.UNREACHABLE, Reach.SILENT, Reach.NOT_SENT)
MARKS = {
    Reach.UNREACHABLE: "[red]✗[/]",
    Reach.SILENT: "[yellow]![/]",
    Reach.NOT_SENT: "[yellow]?[/]",
    Reach.ANSWERED: "[green]✓[/]",
}
SHOWN = 100


def reach(
    unit: Annotated[str | None, typer.Option(help="Only this unit.")] = None, as_json: AsJson = False
) -> None:
    """Show who could be reached when they were last asked, and who could not (FENGHUO_TOKEN). Ends with 1 where
    somebody could not.
    """
    calls = _calls(unit)
    answer(calls, as_json=as_json, render=_show)
    if calls["dark_posts"] or any(_missing(row) for row in calls["units"]):
        raise typer.Exit(Exit.NO)


def roll_call(
    unit: Annotated[str | None, typer.Option(help="Only the people of this unit; default all.")] = None,
    why: Annotated[
        str | None,
        typer.Option(
            help="Why, for the record; needed outside the policy's hours, and beside an emergency of level I or II."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask everybody now whether they can be reached: a test message by every channel of theirs, answered with one tap
    (role duty officer). Ends with 1 where a unit's was refused.
    """
    rows = [row for row in _calls(unit)["units"] if row["people"] and not row["is_going_on"]]
    people = sum(row["people"] for row in rows)
    if not rows:
        fail(
            Exit.NO,
            worded("nobody is to be asked: everybody is being asked already, or nobody has a channel"),
            worded("`fenghuo notify reach` shows it"),
        )
    if not yes:
        typer.confirm(
            worded(
                "%(people)s people get a test message now (units: %(units)s). Go on?",
                people=people,
                units=len(rows),
            ),
            abort=True,
        )
    key, acted = str(ULID()), list[Json]()
    for row in rows:
        response = call(
            "intake",
            "POST",
            f"/api/v1/cases/{row['case']}/roll-call",
            role=Role.DUTY_OFFICER,
            json={"text": why} if why else {},
            headers={"Idempotency-Key": f"{key}-{row['unit']}"},
        )
        acted.append({"unit": row["unit"], "name": row["name"], "people": row["people"], **response.json()})
    answer(acted, as_json=as_json, render=_show_begun)
    if any(_refusal(one) for one in acted):
        raise typer.Exit(Exit.NO)


def _calls(unit: str | None) -> Json:
    calls: Json = call("intake", "GET", "/api/v1/roll-calls", role=Role.DUTY_OFFICER).json()
    if unit is not None:
        calls["units"] = [row for row in calls["units"] if row["unit"] == unit]
        if not calls["units"]:
            fail(
                Exit.USAGE,
                worded("no roll is called in %(unit)s", unit=unit),
                worded("`fenghuo directory show units` lists the units; it needs somebody who has a channel"),
            )
        for of_all in ("dark_posts", "without_channel"):
            calls[of_all] = [named_there for named_there in calls[of_all] if named_there["unit"] == unit]
    return calls


def _shown(row: Json) -> list[Json]:
    """Who was not reached, and who answered though a channel of theirs does not work."""
    partly = [
        one
        for one in row["called"]
        if one["reach"] == Reach.ANSWERED and WayState.NOT_DELIVERED in one["channels"].values()
    ]
    return [*_missing(row), *partly]


def _missing(row: Json) -> list[Json]:
    return [one for one in row["called"] if one["reach"] in NOT_REACHED]


def _show(calls: Json) -> None:
    called = [one for row in calls["units"] for one in row["called"]]
    answered = sum(one["reach"] == Reach.ANSWERED for one in called)
    out.print(
        worded("[bold]%(answered)s of %(asked)s people answered[/]", answered=answered, asked=len(called)),
        highlight=False,
    )
    for post in calls["dark_posts"]:
        out.print(
            worded(
                "[red]✗[/] nobody of this post can be reached: %(post)s", post=escape(named(**post["name"]))
            )
        )
    lines = [(row, one) for row in calls["units"] for one in _shown(row)]
    for row, one in lines[:SHOWN]:
        ways = listed(
            [
                f"{labelled('channel', channel)} {labelled('way', state)}"
                for channel, state in one["channels"].items()
            ]
        )
        out.print(
            f"{MARKS[Reach(one['reach'])]} {escape(named(**one['name']))} [dim]{escape(named(**row['name']))}[/] · "
            f"{labelled('reach', one['reach'])} · {escape(ways)}",
            highlight=False,
        )
    if (more := len(lines) - SHOWN) > 0:
        out.print(worded("[dim]and %(more)s more: --json names all of them[/]", more=more), highlight=False)
    for person in calls["without_channel"]:
        out.print(
            worded("[yellow]![/] %(name)s has no channel", name=escape(named(**person["name"]))),
            highlight=False,
        )


def _refusal(one: Json) -> str | None:
    return next((effect["why"] for effect in one["effects"] if effect["kind"] == "refused"), None)


def _show_begun(acted: list[Json]) -> None:
    for one in acted:
        name = escape(named(**one["name"]))
        if (why := _refusal(one)) is not None:
            out.print(f"[red]✗[/] {name}: {escape(reason(why))}", highlight=False)
        else:
            out.print(
                worded("[green]✓[/] %(name)s: %(people)s people are asked", name=name, people=one["people"]),
                highlight=False,
            )
