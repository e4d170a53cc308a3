"""The case's short log: what its desk tells of the last things that happened, in the words of shared/story.

Invariant: it holds what a sentence needs and no more, whatever the fact carries; so a case stays small.
"""

from typing import Any

from msgspec.structs import replace

from shared.acts import ACTS
from shared.case import LogEntry
from shared.facts import Decision, Effect, EffectKind, Fact
from shared.facts.account import SAID_BY_THE_CALL, calls_of, delivered
from shared.facts.body import FactBody, deliveries_in
from shared.vocabulary import Kind

LOG_LENGTH = 20
"""Acts the case itself remembers, and `BESIDES` moments of clocks and deliveries; the trail has them all."""
LONGEST = 40
"""Effects, and messages, that an entry keeps."""
MOST_EFFECTS = 200
"""Of a decision, that are looked at."""
BESIDES = 12
TASKS = 8
"""Of an act that lays many, and units of each."""
BY_PEOPLE = frozenset({*ACTS, Kind.ACKNOWLEDGED, Kind.REPORTED})
ONLY_WITH_CONSEQUENCES = frozenset({Kind.DUE, Kind.DELIVERED, Kind.FAILED})
ELSEWHERE = frozenset({"text", "note", "summary", "details", "original"})
"""What the entry or the case has already."""
KEPT_WHOLE = frozenset({"by", "harm", "referred", "causes"})


def logged(log: tuple[LogEntry, ...], fact: Fact, decision: Decision) -> tuple[LogEntry, ...]:
    kind = fact.kind
    if kind in (Kind.DELIVERED, Kind.FAILED):
        log = _delivered(log, fact)
    effects, calls = _told(decision), calls_of(decision.notices[:LONGEST])
    if kind == Kind.HEARD or (kind in ONLY_WITH_CONSEQUENCES and not (effects or calls)):
        return log
    data = fact.data
    entry = LogEntry(
        sequence=decision.about.sequence,
        at=decision.about.time,
        kind=Kind(kind),
        by=_who(kind, data),
        text=_text(data),
        data=_kept(data),
        effects=effects,
        calls=calls,
    )
    return _shortened((*log, entry), is_act=kind in BY_PEOPLE) if len(log) >= BESIDES else (*log, entry)


def _told(decision: Decision) -> tuple[Effect, ...]:
    """Without what no sentence tells: whoever is called stands among those called."""
    called = {notice.person for notice in decision.notices}
    told = [
        effect
        for effect in decision.effects[:MOST_EFFECTS]
        if effect.kind not in SAID_BY_THE_CALL or effect.person not in called
    ]
    return tuple(
        replace(effect, duty=None, rule=None, note=effect.note if effect.kind is EffectKind.TASK else None)
        for effect in told[:LONGEST]
    )


def _shortened(log: tuple[LogEntry, ...], *, is_act: bool) -> tuple[LogEntry, ...]:
    """Without the oldest of its sort, where there are too many."""
    alike = [place for place, entry in enumerate(log) if (entry.kind in BY_PEOPLE) is is_act]
    return log if len(alike) <= (LOG_LENGTH if is_act else BESIDES) else log[: alike[0]] + log[alike[0] + 1 :]


def _delivered(log: tuple[LogEntry, ...], fact: Fact) -> tuple[LogEntry, ...]:
    lines = deliveries_in(FactBody(fact.data))
    failed = fact.kind == Kind.FAILED
    return tuple(
        replace(entry, calls=delivered(entry.calls, lines, failed=failed)) if entry.calls else entry
        for entry in log
    )


def _who(kind: str, data: dict[str, Any]) -> str:
    body = FactBody(data)
    if kind == Kind.ACKNOWLEDGED:
        return body.text("person") or ""
    return body.part("by").text("principal") or body.text("reported_by") or ""


def _text(data: dict[str, Any]) -> str | None:
    text = data.get("text") or data.get("note")
    return text if isinstance(text, str) else None


def _kept_task(task: FactBody) -> dict[str, Any]:
    """A campaign's is laid on hundreds of units, of which a sentence names as many as it names tasks."""
    said = {"title": task.text("title"), "unit": task.text("unit"), "due_at": task.text("due_at")}
    kept: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    return {**kept, "units": list(units[:TASKS])} if (units := task.texts("units")) else kept


def _kept_file(file: FactBody) -> dict[str, Any]:
    """What a sentence says of it."""
    kept: dict[str, Any] = {"name": file.text("name")}
    if (origin := file.fields.get("from_record")) is not None:
        times = {
            name: said for name in ("since", "until", "at") if (said := file.part("from_record").text(name))
        }
        kept["from_record"] = times or origin
    return kept


def _kept(data: dict[str, Any]) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in data.items()
        if value is not None
        and name not in ELSEWHERE
        and (name in KEPT_WHOLE or not isinstance(value, dict | list))
    }
    body = FactBody(data)
    if tasks := body.parts("tasks"):
        kept |= {"tasks": [_kept_task(task) for task in tasks[:TASKS]], "task_count": len(tasks)}
    if deliveries := body.parts("deliveries"):
        kept["deliveries"] = [
            {name: value for name in ("person", "channel", "state") if (value := line.text(name))}
            for line in deliveries[:LONGEST]
        ]
    if files := body.parts("files"):
        kept["files"] = [_kept_file(file) for file in files]
    if short := body.part("form").part("short").fields:
        kept["form"] = {"short": short}
    if "summary" in data and "occurred_at" not in data:
        kept["summary"] = data["summary"]
    return kept
