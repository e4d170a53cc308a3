"""`fenghuo document`: what a case hands out, listed, or written to a file."""

from typing import Annotated, Any

import typer

from fenghuo.commands._files import AskedForm, OutputFile, OutputForm
from shared.vocabulary import Role


def document(
    case: Annotated[str, typer.Argument(help="The case's id.", metavar="CASE")],
    name: Annotated[
        str | None,
        typer.Argument(help="Of the documents of the case; left out: list them.", metavar="[NAME]"),
    ] = None,
    form: AskedForm = OutputForm.DOCX,
    to: OutputFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List the documents of a case, letters and the notice of assignment, or write one (role duty_officer)."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._files import write_document
    from fenghuo.speech import language

    path, params = f"/api/v1/cases/{case}/documents", {"language": language().value}
    if name is not None:
        params["format"] = form.value
        write_document("intake", f"{path}/{name}", Role.DUTY_OFFICER, params, to, form)
        return
    response = call("intake", "GET", path, role=Role.DUTY_OFFICER, params=params)
    answer(response.json(), as_json=as_json, render=_show)


def _show(listed: dict[str, Any]) -> None:
    from rich.markup import escape

    from fenghuo.answers import out
    from fenghuo.speech import worded

    for document in listed["documents"]:
        out.print(
            f"{escape(document['name'])}  {escape(document['title'])}  {escape(document['reference'])}",
            highlight=False,
        )
    if not listed["documents"]:
        out.print(worded("this case hands out no document yet"), highlight=False)
