"""`fenghuo notify …`: what people would be told and whether it reaches them, before it matters.

`preview` needs nothing running; `test` asks the notifier; `roll-call` asks everybody, and `reach` says who answered.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace
from rich.markup import escape

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._roll_call import reach, roll_call
from fenghuo.places import PortSettings
from fenghuo.speech import labelled, named, worded
from fenghuo.speech.words import listed
from services.escalator.playing.explain import play
from services.escalator.policy.load import load_policy
from services.notifier.channel_file import Configured, load_channels, with_buttons, with_replies
from services.notifier.channels import Form
from services.notifier.delivery.post import MessageMaker
from services.notifier.delivery.routes import routes
from services.notifier.delivery.templates import Templates
from services.notifier.messages.links import Links, NoticePlace
from services.notifier.messages.writer import Writer
from services.notifier.settings import NotifierSettings
from shared.directory import Directory, load_directory
from shared.facts import Decision, ReportForm
from shared.ids import PersonId
from shared.language.words import Words
from shared.lined_yaml import YamlFault
from shared.message import N_, because
from shared.sms import sms_size
from shared.vocabulary import Category, Language, Level, ReportKind, Role

app = typer.Typer(
    help="Preview what people would be told, and try how they are reached.", no_args_is_help=True
)

SAMPLE = N_("water broke into Longkou mine, 12 trapped, rescuers on their way")
"""As long as such a sentence usually is."""
ALOUD = {Language.ZH: 4.5, Language.EN: 14.0}
"""Signs that a telephone's voice says in a second."""
PLACE_OF_A_LINK = NoticePlace(1, 0)
"""Every link is as long as any other."""


@dataclass
class Previewed:
    """One text, and everybody who would get it."""

    at: datetime
    purpose: str
    channel: str
    form: Form
    language: Language
    subject: str
    text: str
    buttons: tuple[str, ...] = ()
    people: list[str] = field(default_factory=list[str])

    def size(self) -> dict[str, Any]:
        if self.form is Form.SHORT:
            size = sms_size(self.text)
            return {"places": size.places, "alphabet": size.alphabet.value, "sms": size.parts}
        if self.form is Form.SPOKEN:
            return {"seconds": round(len(self.text) / ALOUD[self.language])}
        return {"characters": len(self.text)}


@app.command("preview")
def preview(
    unit: Annotated[str, typer.Option(help="The unit that learned of it.")],
    area: Annotated[str, typer.Option(help="Division code: 6 digits, 9 of a township, 12 of a village.")],
    category: Annotated[Category, typer.Option()] = Category.ACCIDENT,
    level: Annotated[Level | None, typer.Option(help="I is the gravest; leave out where not graded.")] = None,
    kind: Annotated[ReportKind, typer.Option()] = ReportKind.INCIDENT,
    topic: Annotated[
        str | None, typer.Option(help="The policy's finer sorting, such as tv or urgent.")
    ] = None,
    summary: Annotated[
        str | None, typer.Option(help="What has happened; default a sentence as an example.")
    ] = None,
    details: Annotated[str | None, typer.Option(help="What else the report says.")] = None,
    deaths: Annotated[int | None, typer.Option(min=0, help="Dead so far.")] = None,
    trapped: Annotated[int | None, typer.Option(min=0, help="Trapped so far.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only what goes over this channel.")] = None,
    person: Annotated[str | None, typer.Option(help="Only what this person would get.")] = None,
    language: Annotated[
        Language | None, typer.Option(help="zh or en for everybody; default each person's own.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The policy file; default FENGHUO_POLICY.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every text that would be sent if this were reported now and nobody answered, with what it costs: parts of
    an SMS, seconds of a call.
    """
    settings = NotifierSettings()
    now = datetime.now(UTC).replace(microsecond=0)
    harm = {name: count for name, count in (("deaths", deaths), ("trapped", trapped)) if count is not None}
    report = ReportForm.model_validate(
        {
            "kind": kind,
            "category": category,
            "level": level,
            "topic": topic,
            "unit": unit,
            "area": area,
            "summary": summary or Words(language or Language.ZH).of(SAMPLE),
            "details": details,
            "harm": harm or None,
            "occurred_at": now - timedelta(minutes=7),
            "learned_at": now - timedelta(minutes=3),
        }
    )
    try:
        directory = load_directory(settings.directory)
        loaded = load_policy(policy or settings.policy)
        configured = load_channels(settings.channels, os.environ)
        _, _, decisions = play(report, now, loaded, directory)
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo policy check` finds the rest"),
        )
    forms = {name: entry.config.form for name, entry in configured.items()}
    if channel is not None and channel not in forms:
        fail(
            Exit.USAGE,
            worded("there is no channel %(channel)s", channel=channel),
            worded("the channel file has: %(channels)s", channels=", ".join(forms)),
        )
    if person is not None and person not in directory.people_by_id:
        fail(
            Exit.USAGE,
            worded("%(person)s is not in the directory", person=person),
            worded("`fenghuo directory show` lists who is"),
        )
    texts = [
        text
        for text in _texts(decisions, directory, forms, configured, settings, language, person)
        if channel in (None, text.channel)
    ]
    rows = [
        {
            "at": text.at.isoformat(),
            "purpose": text.purpose,
            "channel": text.channel,
            "form": text.form.value,
            "language": text.language.value,
            "people": text.people,
            "subject": text.subject,
            "text": text.text,
            **({"buttons": text.buttons} if text.buttons else {}),
            **text.size(),
        }
        for text in texts
    ]
    answer(rows, as_json=as_json, render=lambda _: _show(texts, now, directory))


def _texts(
    decisions: list[Decision],
    directory: Directory,
    forms: dict[str, Form],
    configured: Mapping[str, Configured],
    settings: NotifierSettings,
    language: Language | None,
    person: str | None,
) -> Iterator[Previewed]:
    """In the order in which they would go out; a text that several get is one."""
    base = (settings.public_url or f"http://127.0.0.1:{PortSettings().ports()['notifier']}").rstrip("/")
    failed: list[str] = []
    post = MessageMaker(
        Writer(settings.zone),
        lambda: directory,
        Links(b"preview"),
        base,
        settings.link_grace,
        Templates(failed.append),
        with_replies(configured),
        with_buttons(configured),
    )
    for decision in decisions:
        at = decision.about.time
        texts: dict[tuple[str, str, str], Previewed] = {}
        for notice in decision.notices:
            if notice.held or person not in (None, notice.person):
                continue
            said = replace(notice, language=language or notice.language)
            envelope = post.envelope(decision.case, said, PLACE_OF_A_LINK, at)
            for route in routes(notice, directory.people_by_id.get(notice.person), forms):
                if not route.addresses:
                    continue
                form = forms[route.channel]
                message = post.message(decision.case, said, envelope, route.channel, form, at)
                text = message.letter.text.replace(message.link or "\0", f"{base}/a/{'x' * 26}")
                previewed = texts.setdefault(
                    (notice.purpose, route.channel, text),
                    Previewed(
                        at,
                        notice.purpose.value,
                        route.channel,
                        form,
                        said.language,
                        message.letter.subject,
                        text,
                        tuple(button.label for button in message.buttons),
                    ),
                )
                previewed.people.append(notice.person)
        yield from texts.values()


def _show(texts: list[Previewed], now: datetime, directory: Directory) -> None:
    if not texts:
        out.print(worded("Nobody would be told anything."), highlight=False)
    for text in texts:
        after = int((text.at - now).total_seconds())
        words = Words(text.language)
        people = listed(
            [
                words.name(directory.people_by_id[PersonId(person)].name)
                for person in dict.fromkeys(text.people)
            ]
        )
        out.print(
            f"[bold]{after // 3600:+d}:{after // 60 % 60:02d}[/] {escape(text.channel)} → {escape(people)}"
            f"  [dim]{labelled('purpose', text.purpose)} · {_cost(text)}[/]",
            highlight=False,
        )
        buttons = "".join(f"\n[{label}]" for label in text.buttons)
        out.print(escape(text.text + buttons) + "\n", highlight=False)


def _cost(text: Previewed) -> str:
    size = text.size()
    match text.form:
        case Form.SHORT:
            return worded("%(places)s places of %(alphabet)s: %(sms)s SMS", **size)
        case Form.SPOKEN:
            return worded("read aloud in about %(seconds)s s", **size)
        case Form.LONG:
            return worded("%(characters)s characters", **size)


@app.command("test")
def try_person(
    person: Annotated[str, typer.Argument(help="Whom to try: an id of the directory.")],
    as_json: AsJson = False,
) -> None:
    """Send a test message by every channel of a person, and show what came back (role operator). Ends with 1 where one
    was not handed over.
    """
    tried = call(
        "notifier", "POST", "/api/v1/reach-trials", role=Role.OPERATOR, json={"person": person}
    ).json()

    def render(_: Any) -> None:
        out.print(named(**tried["name"]), highlight=False)
        if not tried["ways"]:
            out.print(worded("[red]✗[/] no address at all: add one in the directory"), highlight=False)
        for way in tried["ways"]:
            head = f"{labelled('channel', way['channel'])} {way['address']}"
            if way["handed_over"]:
                out.print(
                    worded(
                        "[green]✓[/] %(way)s: handed to the gateway in %(seconds)s s%(reference)s",
                        way=escape(head),
                        seconds=way["seconds"],
                        reference=f" ({escape(way['reference'])})" if way.get("reference") else "",
                    ),
                    highlight=False,
                )
            else:
                whose = labelled("trouble", way["trouble"]) if way.get("trouble") else ""
                out.print(
                    f"[red]✗[/] {escape(head)}: {escape(whose)}\n  {escape(way['error'])}", highlight=False
                )

    answer(tried, as_json=as_json, render=render)
    if not tried["ways"] or not all(way["handed_over"] for way in tried["ways"]):
        raise typer.Exit(Exit.NO)


app.command("roll-call")(roll_call)
app.command("reach")(reach)


@app.command("pause")
def pause(
    why: Annotated[str, typer.Option(help="What is mended or changed; stands on record.")],
    lasts: Annotated[str, typer.Option("--for", help="At most PT2H; PT30M is half an hour.")] = "PT30M",
    as_json: AsJson = False,
) -> None:
    """Keep back what can wait, for maintenance (role operator). Level I, what is sensitive or not graded yet, and the
    first message of a level II go out all the same.
    """
    paused = call(
        "notifier", "POST", "/api/v1/pause", role=Role.OPERATOR, json={"lasts": lasts, "why": why}
    ).json()
    zone = NotifierSettings().zone

    def render(_: Any) -> None:
        until = datetime.fromisoformat(paused["until"]).astimezone(zone)
        out.print(
            worded(
                "What can wait is kept back until %(until)s, and then goes out by itself, the newest first. "
                "`fenghuo notify resume` ends it before.",
                until=f"{until:%H:%M:%S}",
            ),
            highlight=False,
        )

    answer(paused, as_json=as_json, render=render)


@app.command("resume")
def resume(as_json: AsJson = False) -> None:
    """End the pause before its time (role operator): what was kept back goes out, the newest first."""
    resumed = call("notifier", "POST", "/api/v1/resume", role=Role.OPERATOR, json={}).json()
    answer(
        resumed,
        as_json=as_json,
        render=lambda _: out.print(
            worded("The pause is over: what was kept back goes out now."), highlight=False
        ),
    )


@app.command("revoke")
def revoke(
    case: Annotated[str, typer.Argument(help="The case that the messages were about.")],
    person: Annotated[str, typer.Argument(help="Whose links: an id of the directory.")],
    why: Annotated[str, typer.Option(help="How they became known to others, say; stands on record.")],
    as_json: AsJson = False,
) -> None:
    """End the links that a person was sent about a case until now (role operator; by the interface also duty_officer).
    What is sent to them afterwards has a link that works.
    """
    form = {"case": case, "person": person, "why": why}
    revoked = call("notifier", "POST", "/api/v1/revoked-links", role=Role.OPERATOR, json=form).json()
    answer(
        revoked,
        as_json=as_json,
        render=lambda _: out.print(
            worded("Revoked: those links take no answer any more. The next message has a link that works."),
            highlight=False,
        ),
    )


@app.command("kept")
def kept(as_json: AsJson = False) -> None:
    """Show what waits for somebody's quiet hours to end, and until when (role operator or auditor)."""
    kept = call("notifier", "GET", "/api/v1/kept", role=Role.OPERATOR).json()
    zone = NotifierSettings().zone

    def render(_: Any) -> None:
        if not kept["count"]:
            out.print(
                worded("nothing is kept: nobody is in quiet hours, or nothing has come for them"),
                highlight=False,
            )
            return
        out.print(worded("kept in quiet hours: %(count)s", count=kept["count"]), highlight=False)
        for message in kept["messages"]:
            until = datetime.fromisoformat(message["until"]).astimezone(zone)
            out.print(
                f"{escape(named(**message['name']))} · {labelled('channel', message['channel'])} · "
                f"{labelled('purpose', message['purpose'])} · {escape(message['case'])} · "
                + worded("kept until %(at)s", at=f"{until:%m-%d %H:%M}"),
                highlight=False,
            )

    answer(kept, as_json=as_json, render=render)
