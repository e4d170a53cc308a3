"""`fenghuo act`: every act on a case there is, by the same table the API and the desk are made from."""

from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer
from rich.markup import escape

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._files import uploaded
from fenghuo.commands._typed import moment_text, option, task_form
from fenghuo.speech import labelled, worded
from shared.acts import ACTS, FILES, Act
from shared.acts.fields import FIELDS, Field, Widget
from shared.vocabulary import Role

BY_PATH = {act.path: act for act in ACTS.values()}
PREFERRED = (Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR, Role.DISCIPLINE, Role.REPORTER)
"""Whose development token is taken where several may do it and --as says nothing."""


def act(
    case: Annotated[str | None, typer.Argument(help="The case's id.")] = None,
    what: Annotated[
        str | None, typer.Argument(help="Which act; without one, the list of all.", metavar="ACT")
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option("--as", help="Whose development token to use where FENGHUO_TOKEN is not set."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency-Key: a repeat with the same key is the same act.")
    ] = None,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Do an act on a case: follow-up, transfer, assign, complete, verify, pause, confirm … `fenghuo act`
    alone lists them all.

    An act is on record even where it is refused; then the code is 1 and the reason is named.
    """
    if case is None or what is None:
        answer([_row(declared) for declared in BY_PATH.values()], as_json=as_json, render=_list)
        return
    act_declared = BY_PATH.get(what)
    if act_declared is None:
        fail(
            Exit.USAGE,
            worded("there is no act %(what)s", what=repr(what)),
            worded("name one of %(BY_PATH)s; `fenghuo act` says what each needs", BY_PATH=", ".join(BY_PATH)),
        )
    from fenghuo.commands._show import show_acted

    form = {name: _read(name, value) for name, value in given.items() if value not in (None, [])}
    if missing := _missing(act_declared, form):
        fail(
            Exit.USAGE,
            worded("%(what)s lacks %(missing)s", what=what, missing=", ".join(missing)),
            "; ".join(f"{option}: {words}" for option, words in missing.items()),
        )
    headers = {"Idempotency-Key": key} if key else {}
    who = role or next(preferred for preferred in PREFERRED if preferred in act_declared.roles)
    if FILES in form:
        form[FILES] = uploaded(form[FILES], who)
    response = call("intake", "POST", f"/api/v1/cases/{case}/{what}", role=who, json=form, headers=headers)
    answer(response.json(), as_json=as_json, render=show_acted)


def _missing(act_declared: Act, form: dict[str, Any]) -> dict[str, str]:
    """The options the act can't do without, each with what to write there."""
    missing = {option_of(field): words for field, words in act_declared.needs.items() if field not in form}
    if act_declared.either and not any(field in form for field in act_declared.either):
        missing[" or ".join(map(option_of, act_declared.either))] = worded("one of them")
    return missing


def _read(name: str, value: Any) -> Any:
    """What was typed, as the interface takes it."""
    if FIELDS[name].widget is Widget.TIME:
        return option(option_of(name), value, moment_text)
    return [option("--assign", task, task_form) for task in value] if name == "tasks" else value


def option_of(field: str) -> str:
    return (FIELDS[field].option or f"--{field.replace('_', '-')}").replace("/", " or ")


def _parameter(name: str, field: Field) -> Parameter:
    declared = [field.option] if field.option else []
    option = typer.Option(*declared, help=field.help, min=field.least, max=field.most)
    return Parameter(
        name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[field.type | None, option]
    )


_OPTIONS = [_parameter(name, field) for name, field in FIELDS.items()]
_OWN = list(signature(act).parameters.values())[:-1]
vars(act)["__signature__"] = Signature([*_OWN[:2], *_OPTIONS, *_OWN[2:]])
"""Typer makes an option of each parameter: one for every field that acts are made of, then the command's own."""


def _row(act_declared: Act) -> dict[str, Any]:
    return {
        "act": act_declared.path,
        "title": act_declared.title,
        "group": act_declared.group,
        "roles": sorted(act_declared.roles),
        "needs": {option_of(field): words for field, words in act_declared.needs.items()},
        "one_of": [option_of(field) for field in act_declared.either],
        "takes": [option_of(field) for field in act_declared.takes],
    }


def _list(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        needs = [*row["needs"], *([" or ".join(row["one_of"])] if row["one_of"] else [])]
        takes = [f"[{field}]" for field in row["takes"]]
        roles = ", ".join(labelled("role", role) for role in row["roles"])
        out.print(
            f"[bold]{row['act']}[/] {escape(' '.join([*needs, *takes]))}\n  [dim]{worded(row['title'])} · {roles}[/]",
            highlight=False,
        )
    out.print(worded("fenghuo act CASE ACT …; --text may be given with any of them"), highlight=False)
