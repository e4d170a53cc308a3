"""Development only: one bearer token per role of the example directory, in a file its owner alone can read.

Never written in production: there each token is issued to one person with `fenghuo token`.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

from shared import tokens
from shared.directory import Directory
from shared.ids import PersonId, PostId
from shared.secrets import SecretFile, signing_key
from shared.synced_files import replace_synced
from shared.tokens import Claims, Principal
from shared.vocabulary import Role

LASTS = timedelta(days=30)
POSTS = {
    Role.REPORTER: "heating_head",
    Role.DUTY_OFFICER: "two_offices_duty",
    Role.LEADER: "party_main",
    Role.SUPERVISOR: "petition",
    Role.DISCIPLINE: "discipline",
}
"""Whose holder a role's token is made for; another directory without the post gives its first one."""
PUBLISHER = "wangshan-info"


def person_principal(directory: Directory, person: PersonId, role: Role) -> Principal:
    return Principal(subject=person, role=role, person=person, unit=directory.people_by_id[person].unit)


def example_principals(directory: Directory) -> dict[Role, Principal]:
    """One principal per role."""
    first = directory.posts[0].id
    people = {
        role: person_principal(
            directory,
            PersonId(directory.holder_of(PostId(post if post in directory.posts_by_id else first)).id),
            role,
        )
        for role, post in POSTS.items()
    }
    source = (
        PUBLISHER
        if PUBLISHER in directory.sources_by_id or not directory.sources
        else directory.sources[0].id
    )
    return people | {
        Role.AUDITOR: Principal(subject="auditor", role=Role.AUDITOR),
        Role.OPERATOR: Principal(subject="operator", role=Role.OPERATOR),
        Role.REDACTOR: Principal(subject="redactor", role=Role.REDACTOR),
        Role.PUBLISHER: Principal(subject=f"source:{source}", role=Role.PUBLISHER),
    }


def write(path: Path, secrets: Path, directory: Directory, now: datetime) -> list[Claims]:
    """Returns what was issued, for the ledger."""
    key = signing_key(secrets, SecretFile.TOKEN_SIGNING)
    made = {
        role: tokens.new_claims(principal, now=now, lasts=LASTS)
        for role, principal in example_principals(directory).items()
    }
    issued = {role.value: tokens.sign(key, claims) for role, claims in made.items()}
    replace_synced(path, (json.dumps(issued, indent=2) + "\n").encode())
    return list(made.values())
