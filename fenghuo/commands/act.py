"""`fenghuo act`: every act on a case there is, by the same table the API and the desk are made from."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from fenghuo.answers import Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._typed import TASK_HELP, moment_text, option, task_form
from shared.acts import ACTS, Act
from shared.vocabulary import Document, Level, ReviewCause, Role

BY_PATH = {act.path: act for act in ACTS.values()}
PREFERRED = (Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR, Role.DISCIPLINE, Role.REPORTER)
"""Whose development token is taken where several may do it and --as says nothing."""
OPTIONS = {"approve": "--approve or --refuse", "tasks": "--assign"}
"""Fields whose option has another name."""


def act(
    case: Annotated[str | None, typer.Argument(help="The case's id.")] = None,
    what: Annotated[
        str | None, typer.Argument(help="Which act; without one, the list of all.", metavar="ACT")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="What was found, done or asked; the reason; the evidence.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="The task it is about, e.g. t1; without one, the case.")
    ] = None,
    duty: Annotated[
        str | None, typer.Option(help="The duty it is about, as `fenghuo case --json` names it.")
    ] = None,
    to_unit: Annotated[str | None, typer.Option(help="The unit that is asked, or leads from now on.")] = None,
    to_person: Annotated[str | None, typer.Option(help="Who takes it from now on.")] = None,
    into: Annotated[str | None, typer.Option(help="The case this one is a duplicate of.")] = None,
    percent: Annotated[int | None, typer.Option(min=0, max=100, help="How far it is.")] = None,
    satisfaction: Annotated[
        int | None, typer.Option(min=1, max=5, help="What those who complained said when asked, 5 the best.")
    ] = None,
    document: Annotated[Document | None, typer.Option(help="What is handed in.")] = None,
    causes: Annotated[
        list[ReviewCause] | None,
        typer.Option("--cause", help="Of a review, a cause it found; may be repeated."),
    ] = None,
    level: Annotated[Level | None, typer.Option(help="The level from now on.")] = None,
    sensitive: Annotated[
        bool | None,
        typer.Option("--sensitive/--not-sensitive", help="Whether grading is ignored from now on."),
    ] = None,
    due_at: Annotated[str | None, typer.Option(help="The limit asked for or granted, ISO 8601.")] = None,
    span: Annotated[str | None, typer.Option(help="For how long, e.g. PT10M.")] = None,
    approve: Annotated[bool | None, typer.Option("--approve/--refuse", help="Granted or not.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="A step of the ladder in force; of an item, what is done against it.")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="The contingency plan.")] = None,
    post: Annotated[str | None, typer.Option(help="The post to call, or signed in for.")] = None,
    step: Annotated[
        int | None,
        typer.Option(min=0, help="The step of the chain, 0 being who is owed; of an inventory, the item."),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for the item.")] = None,
    acting: Annotated[
        bool | None, typer.Option("--acting/--in-person", help="Acting commander or not.")
    ] = None,
    intent: Annotated[
        bool | None,
        typer.Option("--intent/--no-intent", help="Confirm: on purpose, concealed rather than omitted."),
    ] = None,
    summary: Annotated[str | None, typer.Option(help="The item, or the new case, in one line.")] = None,
    reply_by: Annotated[str | None, typer.Option(help="Until when the unit may reply, ISO 8601.")] = None,
    assign: Annotated[list[str] | None, typer.Option(help=TASK_HELP)] = None,
    role: Annotated[
        Role | None,
        typer.Option("--as", help="Whose development token to use where FENGHUO_TOKEN is not set."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency-Key: a repeat with the same key is the same act.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Do an act on a case: follow-up, transfer, assign, complete, verify, pause, confirm … `fenghuo act`
    alone lists them all.

    An act is on record even where it is refused; then the code is 1 and the reason is named.
    """
    if case is None or what is None:
        answer([_row(one) for one in BY_PATH.values()], as_json=as_json, render=_list)
        return
    known = BY_PATH.get(what)
    if known is None:
        fail(
            Exit.USAGE,
            f"there is no act {what!r}",
            f"name one of {', '.join(BY_PATH)}; `fenghuo act` says what each needs",
        )
    from fenghuo.commands._show import show_acted

    given: dict[str, Any] = {
        "text": text, "task": task, "duty": duty, "to_unit": to_unit, "to_person": to_person, "into": into, "percent": percent,
        "satisfaction": satisfaction, "document": document, "causes": causes or None,
        "level": level, "sensitive": sensitive, "span": span, "approve": approve, "measure": measure, "plan": plan,
        "post": post, "step": step, "owner": owner, "acting": acting, "intent": intent, "summary": summary,
        "due_at": option("--due-at", due_at, moment_text) if due_at else None,
        "reply_by": option("--reply-by", reply_by, moment_text) if reply_by else None,
        "tasks": [option("--assign", one, task_form) for one in assign] if assign else None,
    }  # fmt: skip
    form = {field: value for field, value in given.items() if value is not None}
    if missing := _missing(known, form):
        fail(
            Exit.USAGE,
            f"{what} lacks {', '.join(missing)}",
            "; ".join(f"{option}: {words}" for option, words in missing.items()),
        )
    headers = {"Idempotency-Key": key} if key else {}
    who = role or next(one for one in PREFERRED if one in known.roles)
    response = call("intake", "POST", f"/api/v1/cases/{case}/{what}", role=who, json=form, headers=headers)
    answer(response.json(), as_json=as_json, render=show_acted)


def _missing(known: Act, form: dict[str, Any]) -> dict[str, str]:
    """The options the act can't do without, each with what to write there."""
    missing = {option_of(field): words for field, words in known.needs.items() if field not in form}
    if known.either and not any(field in form for field in known.either):
        missing[" or ".join(map(option_of, known.either))] = "one of them"
    return missing


def option_of(field: str) -> str:
    return OPTIONS.get(field, f"--{field.replace('_', '-')}")


def _row(one: Act) -> dict[str, Any]:
    return {
        "act": one.path,
        "title": one.title,
        "group": one.group,
        "roles": sorted(one.roles),
        "needs": {option_of(field): words for field, words in one.needs.items()},
        "one_of": [option_of(field) for field in one.either],
        "takes": [option_of(field) for field in one.takes],
    }


def _list(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        needs = [*row["needs"], *([" or ".join(row["one_of"])] if row["one_of"] else [])]
        takes = [f"[{one}]" for one in row["takes"]]
        out.print(
            f"[bold]{row['act']}[/] {escape(' '.join([*needs, *takes]))}\n  [dim]{row['title']} · {', '.join(row['roles'])}[/]",
            highlight=False,
        )
    out.print("fenghuo act CASE ACT …; --text may be given with any of them", highlight=False)
