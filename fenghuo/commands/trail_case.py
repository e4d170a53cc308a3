"""`fenghuo trail case`: one case as the record tells it."""

from typing import Annotated, Any

import typer

from fenghuo.answers import AsJson, answer
from fenghuo.client import call
from fenghuo.commands._show_story import show_story
from fenghuo.speech import language as spoken
from shared.vocabulary import Language, Role


def case(
    id: Annotated[str, typer.Argument(help="The case's id.", metavar="CASE")],  # noqa: A002 - the case's word
    language: Annotated[
        Language | None, typer.Option(help="zh or en. Default: the terminal's (LANG).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a case in words, from its records: who did what, to whom, in time or late, and why (role auditor)."""

    def render(story: dict[str, Any]) -> None:
        show_story(story["moments"])

    response = call(
        "audit",
        "GET",
        f"/api/v1/cases/{id}/story",
        role=Role.AUDITOR,
        params={"language": language or spoken()},
    )
    answer(response.json(), as_json=as_json, render=render)
