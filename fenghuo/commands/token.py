"""`fenghuo token`: issues bearer tokens and one-time links, lists them, takes them back; the only thing that
uses the token signing key.

Invariant: what is taken back ends at every service within a second (shared/gatekeeping.py). Where the broker
is away a token is issued all the same, with a warning: it stands in no list then, and is taken back by its
id, its person, its subject or its role.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import segno
import typer
from rich.markup import escape
from rich.table import Table
from typer import Context
from typer.core import TyperGroup

from fenghuo.answers import AsJson, Exit, answer, err, fail, out
from fenghuo.client import service_url
from fenghuo.commands._names import clock
from fenghuo.parts import located
from fenghuo.places import nats_url, secrets_folder
from fenghuo.quiet import hush
from fenghuo.speech import worded
from fenghuo.token_ledger import IssuedTokens, TokenLedger
from shared import tokens
from shared.broker.forever import AWAY
from shared.directory import Directory, load_directory
from shared.ids import PersonId, UnitId
from shared.lined_yaml import YamlFault
from shared.message import because
from shared.revocation import Revocation, TakenBackBy, revocation_of
from shared.secrets import SecretFile, SecretMissing, nkey_file, signing_key
from shared.sessions import LINK_LASTS, LoginLink, digest_of, new_code, shown_code
from shared.settings import Settings
from shared.tokens import Claims, Principal
from shared.vocabulary import Role

SPEAK_FOR_A_UNIT = (Role.REPORTER, Role.DUTY_OFFICER, Role.SUPERVISOR, Role.DISCIPLINE)
SHORTEST_PREFIX = 12
"""Letters: the first ten of an id are the time, and tokens issued together share them."""
WHOLE_ID = 26

Answer = TypeVar("Answer")
Secrets = Annotated[Path | None, typer.Option(help="The folder with token-signing.pem and nats-admin.nk.")]


class IssueUnlessNamed(TyperGroup):
    """`fenghuo token --role …` issues: for long the command had no other deed."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride] - click's own Context
        issues = bool(args) and args[0].startswith("-") and args[0] != "--help"
        return super().parse_args(ctx, ["issue", *args] if issues else args)


app = typer.Typer(
    cls=IssueUnlessNamed,
    help="Issue bearer tokens and one-time links to log in, list them, take them back.",
    no_args_is_help=True,
)


@app.command()
def issue(
    role: Annotated[Role, typer.Option(help="What its bearer may do.")],
    person: Annotated[
        str | None,
        typer.Option(help="A person of the directory; their unit is the directory's at each request."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="A unit of the directory, where the bearer is a desk that several share."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="A source of the directory, for role publisher.")] = None,
    days: Annotated[int, typer.Option(min=1, max=tokens.LONGEST.days, help="How long it is good for.")] = 30,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Issue a bearer token and print it once. It is stored nowhere; its id, bearer and end stand in `fenghuo
    token list`.
    """
    settings = _as_admin(secrets)

    def bearer(directory: Directory) -> Principal:
        return _principal(directory, role, person=person, unit=unit, source=source)

    issued = _issue(settings, secrets, bearer, days, tokens.AUDIENCE)
    answer(issued, as_json=as_json, render=lambda _: typer.echo(issued["token"]))


@app.command()
def calendar(
    person: Annotated[str, typer.Option(help="Whose shifts: a person of the directory.")],
    days: Annotated[
        int, typer.Option(min=1, max=tokens.LONGEST.days, help="How long it is good for.")
    ] = tokens.LONGEST.days,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Make the secret address of a person's own shifts, for the calendar of their telephone: no login, nothing else
    behind it. It is taken back like a token.
    """
    settings = _as_admin(secrets)

    def bearer(directory: Directory) -> Principal:
        known = directory.people_by_id.get(PersonId(person))
        role = known.roles[0] if known and known.roles else Role.DUTY_OFFICER
        return _principal(directory, role, person=person, unit=None, source=None)

    issued = _issue(settings, secrets, bearer, days, tokens.CALENDAR)
    address = f"{service_url('intake')}/calendar/{issued.pop('token')}.ics"
    answer({**issued, "address": address}, as_json=as_json, render=lambda _: typer.echo(address))


@app.command()
def link(
    person: Annotated[str, typer.Argument(help="Who is to log in: a person of the directory.")],
    roles: Annotated[
        list[Role] | None,
        typer.Option("--role", help="What they may do in this session; several: they choose on the page."),
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long the link is good for.")] = int(
        LINK_LASTS.total_seconds() // 60
    ),
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Make a one-time address, and its picture to scan, by which a person logs in on the pages for a shift.

    It is good once and for minutes. Give it to that person alone: whoever opens it first is that person to this
    system. What they have opened stands in `fenghuo token list` and is taken back like a token.
    """
    settings = _as_admin(secrets)
    try:
        directory = load_directory(located(settings.directory))
    except YamlFault as error:
        fail(Exit.USAGE, because(error), worded("mend the directory first"))
    entry = directory.people_by_id.get(PersonId(person))
    given = tuple(roles or (entry.roles if entry is not None and entry.roles is not None else ()))
    if entry is not None and not given:
        fail(
            Exit.USAGE,
            worded("the directory does not say what %(person)s may do", person=person),
            worded("add --role, or `roles` to their entry"),
        )
    who = [
        _principal(directory, role, person=person, unit=None, source=None) for role in given or [Role.LEADER]
    ]
    code, now = new_code(), datetime.now(UTC)
    made = LoginLink(
        person=PersonId(person),
        roles=tuple(dict.fromkeys(each.role for each in who)),
        issued_at=now,
        ends_at=now + timedelta(minutes=minutes),
    )
    _ledger_answer(settings, lambda ledger: ledger.invite(digest_of(code), made))
    desk = (os.environ.get("FENGHUO_DESK_URL") or service_url("intake")).rstrip("/")
    address = f"{desk}/login/code/{shown_code(code)}"

    def render(_: object) -> None:
        segno.make(address, micro=False).terminal(out=sys.stdout, border=2, compact=True)
        typer.echo(address)
        typer.echo(worded("or the code %(code)s on the log-in page", code=shown_code(code)))
        typer.echo(worded("good once, until %(until)s", until=clock(made.ends_at)))

    answer(
        {"address": address, "code": shown_code(code), **made.model_dump(mode="json")},
        as_json=as_json,
        render=render,
    )


def _issue(
    settings: Settings,
    secrets: Path | None,
    bearer: Callable[[Directory], Principal],
    days: int,
    audience: str,
) -> dict[str, Any]:
    """Signed, and in the list where the broker answers."""
    try:
        who = bearer(load_directory(located(settings.directory)))
        claims = tokens.new_claims(who, now=datetime.now(UTC), lasts=timedelta(days=days))
        key = signing_key(secrets or secrets_folder(settings), SecretFile.TOKEN_SIGNING)
        token = tokens.sign(key, claims, audience)
    except (SecretMissing, YamlFault) as error:
        fail(
            Exit.USAGE, because(error), worded("name the right folder with --secrets or FENGHUO_SECRETS_DIR")
        )
    try:
        asyncio.run(_with_ledger(settings, lambda ledger: ledger.record([claims])))
        recorded = True
    except AWAY:
        recorded = False
        words = worded(
            "the broker does not answer: %(claims_id)s will not stand in `fenghuo token list`; keep this id, to take it back",
            claims_id=claims.id,
        )
        err.print(f"[yellow]![/] {words}", highlight=False)

    return {
        "token": token,
        "id": claims.id,
        **who.model_dump(mode="json", exclude_none=True),
        "expires": claims.expires_at.isoformat(),
        "recorded": recorded,
    }


@app.command("list")
def list_tokens(
    everything: Annotated[
        bool, typer.Option("--all", help="Those that have expired or were taken back as well.")
    ] = False,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """List the tokens issued and the sessions open: whose, for what, until when; never a token itself."""
    ledger, now = _ledger_answer(_as_admin(secrets), TokenLedger.read), datetime.now(UTC)
    rows = [row for row in _rows(ledger, now) if everything or row["state"] == "good"]

    def render(rows: list[dict[str, Any]]) -> None:
        table = Table(
            worded("id"),
            worded("bearer"),
            worded("role"),
            worded("unit"),
            worded("issued"),
            worded("until"),
            worded("state"),
            worded("kind"),
            box=None,
            pad_edge=False,
            header_style="dim",
        )
        for row in rows:
            issued, expires = (clock(datetime.fromisoformat(row[name])) for name in ("issued", "expires"))
            table.add_row(
                row["id"],
                escape(row["subject"]),
                row["role"],
                escape(row["unit"] or ""),
                issued,
                expires,
                row["state"],
                worded("session") if row["is_session"] else worded("token"),
            )
        out.print(table if rows else worded("no token"))

    answer(rows, as_json=as_json, render=render)


@app.command()
def revoke(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of the list, or their first letters.", metavar="[ID]…")
    ] = None,
    person: Annotated[str | None, typer.Option(help="All of this person's, issued until now.")] = None,
    subject: Annotated[
        str | None,
        typer.Option(help="All of this bearer's, issued until now: source:<id>, unit:<id>, auditor."),
    ] = None,
    all_of_role: Annotated[Role | None, typer.Option(help="All with this role, issued until now.")] = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Take tokens back: every service refuses them within a second. None can be given back; issue another."""
    settings, now = _as_admin(secrets), datetime.now(UTC)
    named = ((TakenBackBy.PERSON, person), (TakenBackBy.SUBJECT, subject), (TakenBackBy.ROLE, all_of_role))
    taken = [(by, str(value)) for by, value in named if value is not None]
    if ids:
        ledger = _ledger_answer(settings, TokenLedger.read)
        issued = [claims.id for claims in (*ledger.issued, *ledger.sessions) if claims.id]
        taken += [(TakenBackBy.TOKEN, _whole_id(written.upper(), issued)) for written in ids]
    if not taken:
        fail(
            Exit.USAGE,
            worded("which tokens?"),
            worded("give ids of `fenghuo token list`, or --person, --subject, --all-of-role"),
        )
    entries = [Revocation(by=by, value=value, at=now, ends_at=now + tokens.LONGEST) for by, value in taken]
    _ledger_answer(settings, lambda ledger: ledger.revoke(entries, now))

    def render(_: object) -> None:
        for by, value in taken:
            scope = "" if by is TakenBackBy.TOKEN else worded(": all issued until now")
            out.print(
                worded("taken back: %(value)s%(scope)s", value=escape(f"{by} {value}"), scope=scope),
                highlight=False,
            )

    answer(
        {"taken_back": [entry.model_dump(mode="json") for entry in entries]}, as_json=as_json, render=render
    )


def _principal(
    directory: Directory, role: Role, *, person: str | None, unit: str | None, source: str | None
) -> Principal:
    """Whom the token is made for. Ends the command where the directory knows nobody like that, or gives them
    no such role.
    """
    if (person is None and role is Role.LEADER) or (source is None and role is Role.PUBLISHER):
        fail(
            Exit.USAGE,
            worded("a %(role)s must be somebody", role=role),
            worded("add --person <id> (leader) or --source <id> (publisher)"),
        )
    if person is None and unit is None and role in SPEAK_FOR_A_UNIT:
        fail(
            Exit.USAGE,
            worded("a %(role)s speaks for a unit", role=role),
            worded("add --person <id>, or --unit <id> for a desk that several share"),
        )
    if person is not None:
        return _person(directory, person, role)
    if source is not None and source not in directory.sources_by_id:
        fail(
            Exit.USAGE,
            worded("no source %(source)s in the directory", source=source),
            worded("declare it under sources"),
        )
    if unit is not None and unit not in directory.units_by_id:
        fail(
            Exit.USAGE,
            worded("no unit %(unit)s in the directory", unit=unit),
            worded("see the units listed there"),
        )
    # Reports are the same where principal and key are: two units must never share a principal.
    subject = f"source:{source}" if source else f"unit:{unit}" if unit else str(role)
    return Principal(subject=subject, role=role, unit=UnitId(unit) if unit else None)


def _person(directory: Directory, person: str, role: Role) -> Principal:
    entry = directory.people_by_id.get(PersonId(person))
    if entry is None:
        fail(
            Exit.USAGE,
            worded("no person %(person)s in the directory", person=person),
            worded("see the people listed there; ids look like zhao_jia"),
        )
    if entry.roles is not None and role not in entry.roles:
        given = ", ".join(entry.roles) or worded("none")
        fail(
            Exit.USAGE,
            worded(
                "%(person)s is no %(role)s: the directory gives them %(given)s",
                person=person,
                role=role,
                given=given,
            ),
            worded("add it to their roles there, or choose another role"),
        )
    return Principal(subject=person, role=role, person=PersonId(person), unit=UnitId(entry.unit))


def _rows(ledger: IssuedTokens, now: datetime) -> list[dict[str, Any]]:
    entries = ledger.revoked.by_value()
    return [
        {
            "id": claims.id,
            **claims.principal.model_dump(mode="json"),
            "issued": claims.issued_at.isoformat(),
            "expires": claims.expires_at.isoformat(),
            "state": _state(claims, revocation_of(claims, entries), now),
            "is_session": is_session,
        }
        for claimed, is_session in ((ledger.issued, False), (ledger.sessions, True))
        for claims in claimed
    ]


def _state(claims: Claims, taken_back: Revocation | None, now: datetime) -> str:
    if taken_back is not None:
        return worded("taken back")
    return "good" if now < claims.expires_at else "expired"


def _whole_id(beginning: str, issued: list[str]) -> str:
    """The one id that begins so. A whole id needs no record: what was issued while the broker was away has
    none.
    """
    if len(beginning) == WHOLE_ID:
        return beginning
    if len(beginning) < SHORTEST_PREFIX:
        fail(
            Exit.USAGE,
            worded("%(beginning)s is too short to name one token", beginning=repr(beginning)),
            worded(
                "give %(SHORTEST_PREFIX)s letters of its id, or all %(WHOLE_ID)s",
                SHORTEST_PREFIX=SHORTEST_PREFIX,
                WHOLE_ID=WHOLE_ID,
            ),
        )
    matching = [token for token in issued if token.startswith(beginning)]
    if len(matching) != 1:
        fail(
            Exit.USAGE,
            worded("%(count)s tokens begin with %(beginning)s", count=len(matching), beginning=beginning),
            worded("take the whole id from `fenghuo token list --all`"),
        )
    return matching[0]


def _as_admin(secrets: Path | None) -> Settings:
    """How the broker of this installation is reached with the admin's key."""
    hush()
    settings = Settings()
    key = (secrets or secrets_folder(settings)) / nkey_file("admin")
    return settings.model_copy(update={"nats_url": nats_url(settings), "nats_credentials": key})


async def _with_ledger(settings: Settings, deed: Callable[[TokenLedger], Awaitable[Answer]]) -> Answer:
    async with TokenLedger(settings) as ledger:
        return await deed(ledger)


def _ledger_answer(settings: Settings, deed: Callable[[TokenLedger], Awaitable[Answer]]) -> Answer:
    """What the ledger answers; ends the command where the broker does not."""
    try:
        return asyncio.run(_with_ledger(settings, deed))
    except AWAY as error:
        fail(
            Exit.UNREACHABLE,
            worded(
                "the broker at %(nats_url)s does not answer (%(error)s)",
                nats_url=settings.nats_url,
                error=error or type(error).__name__,
            ),
            worded(
                "is it up, is %(nats_credentials)s the admin's key, and has `fenghuo bootstrap` declared the bucket?",
                nats_credentials=settings.nats_credentials,
            ),
        )
