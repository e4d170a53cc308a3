"""`fenghuo case`: one case as it stands."""

from typing import Annotated, Any

import typer

from shared.vocabulary import Role


def case(
    id: Annotated[str, typer.Argument(help="The case's id.", metavar="CASE")],  # noqa: A002 - the case's word
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show one case: who answers for it, its duties and tasks, who is lit, who is dark, what is due when
    (role duty_officer).
    """
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show_case import show_case
    from fenghuo.commands._show_story import show_story
    from fenghuo.speech import language

    def render(shown: Any) -> None:
        show_case(shown)
        story = call(
            "intake",
            "GET",
            f"/api/v1/cases/{id}/story",
            role=Role.DUTY_OFFICER,
            params={"language": language()},
        )
        show_story(story.json()["moments"])

    response = call("intake", "GET", f"/api/v1/cases/{id}", role=Role.DUTY_OFFICER)
    answer(response.json(), as_json=as_json, render=render)
