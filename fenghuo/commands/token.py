"""`fenghuo token`: issues a bearer token; the only thing that uses the token signing key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.vocabulary import Role


def token(
    role: Annotated[Role, typer.Option(help="What its bearer may do.")],
    person: Annotated[str | None, typer.Option(help="A person of the directory; their unit goes with it.")] = None,
    unit: Annotated[str | None, typer.Option(help="A unit of the directory, where the bearer is no person of it.")] = None,
    source: Annotated[str | None, typer.Option(help="A source of the directory, for role publisher.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good for.")] = 30,
    secrets: Annotated[Path | None, typer.Option(help="The folder with token-signing.pem.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Issue a bearer token and print it once. It is not stored anywhere; it can't be taken back before it expires."""
    from fenghuo.answers import Exit, answer, fail
    from fenghuo.parts import found
    from fenghuo.places import secrets_folder
    from shared import tokens
    from shared.directory import Directory, load_directory
    from shared.ids import PersonId, SourceId, UnitId
    from shared.lined_yaml import YamlFault
    from shared.secrets import SecretFile, SecretMissing, signing_key
    from shared.settings import Settings
    from shared.tokens import Principal

    settings = Settings()
    if (person is None) + (source is None) == 2 and role in (Role.LEADER, Role.PUBLISHER):
        fail(Exit.USAGE, f"a {role} must be somebody", "add --person <id> (leader) or --source <id> (publisher)")

    def principal(directory: Directory) -> Principal:
        if person is not None:
            if PersonId(person) not in directory.people_by_id:
                fail(Exit.USAGE, f"no person {person} in {settings.directory}", "see the people listed there; ids look like zhao_jia")
            return Principal(subject=person, role=role, person=PersonId(person), unit=UnitId(directory.people_by_id[PersonId(person)].unit))
        if source is not None and SourceId(source) not in directory.sources_by_id:
            fail(Exit.USAGE, f"no source {source} in {settings.directory}", "declare it under sources")
        if unit is not None and UnitId(unit) not in directory.units_by_id:
            fail(Exit.USAGE, f"no unit {unit} in {settings.directory}", "see the units listed there")
        # Reports are the same where principal and key are: two units must never share a principal.
        subject = f"source:{source}" if source else f"unit:{unit}" if unit else str(role)
        return Principal(subject=subject, role=role, unit=UnitId(unit) if unit else None)

    folder = secrets or secrets_folder(settings)
    now = datetime.now(UTC)
    lasts = timedelta(days=days)
    try:
        who = principal(load_directory(found(settings.directory)))
        issued = tokens.issue(signing_key(folder, SecretFile.TOKEN_SIGNING), who, now=now, lasts=lasts)
    except (SecretMissing, YamlFault) as error:
        fail(Exit.USAGE, str(error), "name the right folder with --secrets or FENGHUO_SECRETS_DIR")

    def render(result: dict[str, Any]) -> None:
        typer.echo(result["token"])

    result = {"token": issued, **who.model_dump(mode="json", exclude_none=True), "expires": (now + lasts).isoformat()}
    answer(result, as_json=as_json, render=render)
