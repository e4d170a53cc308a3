"""A moment as sentences: the fact, what was written with it, and what came of it.

Invariant: pure. Where a fact carries more than its sentence says (harm, and whatever else comes to be
declared for it), `details_of` is the one place that adds it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from shared.facts import EffectKind, Frozen, HarmCount, Instant, MessageState, Name, Reason
from shared.facts.account import Consequence
from shared.facts.body import FactBody, deliveries_in
from shared.facts.file import origin_in
from shared.facts.form import block_in
from shared.language.excuses import excuse_words
from shared.language.harm import harm_in_words
from shared.language.labels import LABELS
from shared.language.origin import origin_in_words
from shared.story import consequences as after
from shared.story import sentences as say
from shared.story.calls import calls_told, channel_name
from shared.story.known import known
from shared.story.narrator import SHOWN, Narrator
from shared.story.reading import LAID, Moment
from shared.vocabulary import Category, Kind, Level, ReportKind

UNTRUSTED, GAP = "untrusted", "gap"
"""Kinds of records that are no facts."""


class Sentences(Frozen):
    """One moment in the words of one language."""

    at: Instant
    kind: str
    words: str
    text: str | None = None
    """What was written with it, word for word."""
    followed: tuple[str, ...] = ()
    """What came of it, a sentence each."""
    lapse: bool = False
    refused: bool = False
    records: tuple[int, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in one line, where a table has no more room."""
        return " · ".join(
            " ".join(part.split()) for part in (self.words, self.text or "", *self.followed) if part
        )


def tell(moment: Moment, teller: Narrator, text: str | None = None) -> Sentences:
    """`text`: instead of what the fact itself says."""
    words = _sentence(moment, teller)
    followed = (*details_of(moment, teller), *_consequences(moment, teller), *calls_told(moment, teller))
    if moment.kind in (Kind.DUE, Kind.DECIDED) and followed:
        words, *rest = followed
        followed = tuple(rest)
    elif moment.is_refused:
        words = teller.say(say.REFUSED, sentence=words)
    elif moment.account.has(EffectKind.WAITS):
        words = teller.say(say.WAITING, sentence=words)
    return Sentences(
        at=moment.at,
        kind=moment.kind,
        words=words,
        text=text or _written(moment),
        followed=followed,
        lapse=moment.lapse,
        refused=moment.is_refused,
        records=moment.numbers,
    )


def _written(moment: Moment) -> str | None:
    data = moment.data
    if moment.kind == Kind.REPORTED and not data.part("referred").fields:
        return "\n".join(part for part in (data.text("summary"), data.text("details")) if part) or None
    if known(Kind, moment.kind) is None:
        return None
    return next((words for name in ("text", "note", "why") if (words := data.text(name))), None)


def details_of(moment: Moment, teller: Narrator) -> Iterator[str]:
    """What the fact says besides: when it happened, and the harm. What is declared for a fact (a form's block,
    files) is told here.
    """
    data = moment.data
    occurred, learned = data.at("occurred_at"), data.at("learned_at")
    if moment.kind == Kind.REPORTED and occurred and learned and not data.part("referred").fields:
        yield teller.say(
            say.HAPPENED, occurred=teller.at(occurred, moment.at), learned=teller.at(learned, moment.at)
        )
    if owed_to := data.part("referred").texts("owed_to"):
        yield teller.say(say.WAS_OWED_TO, people=teller.words.listed(map(teller.post, owed_to)))
    changed = any(one.harm is not None for one in moment.account.consequences)
    if not changed and (harm := data.harm("harm")) is not None:
        yield from _harm(harm, None, teller)
    if (block := block_in(data.fields)) is not None:
        yield teller.form(block)
    if causes := data.fields.get("causes"):
        named = (teller.label("review_cause", str(cause), after.OTHER_REASON) for cause in causes)
        yield teller.say(say.CAUSES, causes=teller.words.listed(named))
    if files := data.parts("files"):
        yield teller.say(
            say.FILES,
            files=teller.words.listed(_file(file, teller) for file in files),
        )


def _file(file: FactBody, teller: Narrator) -> str:
    name = file.text("name") or teller.words.name(say.A_FILE)
    return teller.words.aside(name, origin_in_words(teller.words, origin_in(file), teller.zone))


def _harm(harm: HarmCount, was: HarmCount | None, teller: Narrator) -> Iterator[str]:
    if words := harm_in_words(teller.words, harm, was):
        yield words[:1].upper() + words[1:]


# --- the fact
# ------------------------------------------------------------------------------------------------------------


def _sentence(moment: Moment, teller: Narrator) -> str:
    kind, data = known(Kind, moment.kind), moment.data
    if kind is None:
        no_fact = {UNTRUSTED: say.UNTRUSTED, GAP: say.GAP}
        return teller.words.name(no_fact.get(moment.kind, say.OTHER_KIND))
    if kind is Kind.REPORTED and (lapse := data.part("referred")).fields:
        return teller.say(
            say.ACCOUNTABILITY, title=teller.duty(lapse.text("rule")), **_lapse(lapse, moment, teller)
        )
    if kind is Kind.ACKNOWLEDGED and data.text("via") == "logged_call":
        return teller.say(say.TOLD_BY_TELEPHONE, **_values(moment, teller))
    if kind is Kind.REFERRED and data.text("found"):
        return teller.say(say.TAKEN_BACK, **_values(moment, teller))
    state = next((line.state for line in deliveries_in(data)), None)
    if state == MessageState.BESIDE and kind in say.BESIDE:
        return teller.say(say.BESIDE[kind], **_values(moment, teller))
    if state in say.LATER_STATES:
        return teller.say(say.LATER_STATES[MessageState(state)], **_values(moment, teller))
    refused = (kind, False) if data.fields.get("approve") is False else kind
    return teller.say(
        say.FACTS.get(refused) or say.FACTS.get(kind, say.OTHER_KIND), **_values(moment, teller)
    )


def _values(moment: Moment, teller: Narrator) -> Mapping[str, object]:
    """All that a sentence may name; made of what is there."""
    data, words = moment.data, teller.words
    post = data.text("post")
    who = teller.who(data.part("by"), data.text("reported_by") or data.text("person"), post)
    person = data.text("to_person") or data.text("person") or data.part("by").text("principal") or ""
    span, percent, owner = data.text("span"), data.number("percent"), data.text("owner")
    summary, source = data.text("summary"), data.text("source")
    unit = data.text("to_unit") or data.text("unit")
    return {
        "who": who,
        "person": teller.person(person, post),
        "people": words.listed(_handed_over(data, teller)),
        "unit": teller.unit(unit) if unit else "",
        "about": teller.about(data),
        "matter": _matter(data, teller),
        "via": teller.label("via", data.text("via"), after.NO_WAY),
        "document": teller.label("document", data.text("document"), say.A_DOCUMENT),
        "percent": "" if percent is None else teller.say(say.PERCENT, percent=int(percent)),
        "item": summary or words.name(say.AN_ITEM),
        "owner": teller.say(say.ANSWERS, person=teller.person(owner)) if owner else "",
        "grade": _grade(data, teller),
        "tasks": _tasks(data, moment.at, teller),
        "due": teller.at(data.at("due_at") or data.at("limit"), moment.at),
        "plan": teller.plan(data.text("plan")),
        "command": words.name(say.ACTING if data.fields.get("acting") else say.COMMANDER),
        "span": teller.say(say.SPAN, span=teller.span(_seconds(span))) if span else "",
        "called": teller.post(post) or teller.say(say.FROM_STEP, step=int(data.number("step") or 0)),
        "intent": words.name(say.ON_PURPOSE) if data.fields.get("intent") else "",
        "measure": teller.label("measure", data.text("measure"), after.OTHER_REASON),
        "number": data.text("number") or "",
        "source": words.name(teller.names.by(f"source:{source}")) if source else "",
        "title": data.text("title") or "",
        "cause": teller.label("cause", data.text("cause"), after.OTHER_REASON),
        "found": teller.label("found", data.text("found"), after.OTHER_REASON),
        "basis": data.text("legal_basis") or "",
        "resolution": _resolution(data, teller),
        "until": teller.at(data.at("until") or _kept_until(data), moment.at),
        "note": data.text("why") or "",
    }


def _resolution(data: FactBody, teller: Narrator) -> str:
    """Of a policy's approval: the file of the meeting's resolution."""
    file = data.part("resolution").part("file")
    if not file.fields:
        return ""
    return teller.say(say.BY_RESOLUTION, file=file.text("name") or file.text("sha256") or "")


def _lapse(lapse: FactBody, moment: Moment, teller: Narrator) -> Mapping[str, str]:
    return {
        "unit": teller.unit(lapse.text("unit") or ""),
        "due": teller.at(lapse.at("limit"), moment.at),
        "cause": teller.label("cause", lapse.text("cause"), after.OTHER_REASON),
    }


def _seconds(span: str) -> float:
    try:
        return msgspec.convert(span, timedelta, strict=False).total_seconds()
    except msgspec.ValidationError:
        return 0


def _matter(data: FactBody, teller: Narrator) -> str:
    """How grave and of what sort; whose, where another reports it."""
    kind = known(ReportKind, data.text("kind"))
    if kind is None:
        return ""
    matter = teller.words.heading(
        kind, known(Category, data.text("category")), known(Level, data.text("level"))
    )
    if data.fields.get("sensitive"):
        matter = teller.words.listed((matter, teller.words.name(say.SENSITIVE)))
    unit, by = data.text("unit"), data.part("by").text("unit")
    if unit is None or by in (None, unit):
        return matter
    told = say.BY_TELEPHONE if data.fields.get("by_telephone") else say.ABOUT_A_REPORT_OF_ANOTHER
    return teller.say(told, matter=matter, unit=teller.unit(unit))


def _grade(data: FactBody, teller: Narrator) -> str:
    level, sensitive = known(Level, data.text("level")), data.fields.get("sensitive")
    parts = [teller.words.label("level", level)] if level is not None else []
    if sensitive is not None:
        parts.append(teller.words.name(say.SENSITIVE if sensitive else say.NOT_SENSITIVE))
    return teller.words.listed(parts)


def _tasks(data: FactBody, now: datetime, teller: Narrator) -> str:
    tasks = data.parts("tasks")
    count = int(data.number("task_count") or len(tasks))

    def named(task: FactBody) -> str:
        units = [one for one in (task.text("unit"), *task.texts("units")) if one]
        due = task.at("due_at")
        return teller.say(
            say.ASSIGNED_TASK if due is None else say.ASSIGNED_BY,
            title=task.text("title") or "",
            units=teller.words.listed(map(teller.unit, units[:SHOWN])),
            due=teller.at(due, now),
        )

    text = teller.words.listed(map(named, tasks[:SHOWN]))
    return text + (teller.say(say.MORE, count=count) if count > SHOWN else "")


def _kept_until(data: FactBody) -> datetime | None:
    """The earliest of those that wait for quiet hours to end."""
    return min(
        (at for line in data.parts("deliveries") if (at := line.at("until")) is not None), default=None
    )


def _handed_over(data: FactBody, teller: Narrator) -> list[str]:
    """`赵甲（电话、短信）`."""
    channels: dict[str, list[str]] = {}
    for one in data.parts("deliveries"):
        channels.setdefault(one.text("person") or "", []).append(
            channel_name(one.text("channel") or "", teller)
        )
    return [
        teller.words.aside(teller.person(person), *dict.fromkeys(ways)) for person, ways in channels.items()
    ]


# --- what came of it
# -----------------------------------------------------------------------------------------------------


ONLY_SAYS_IT = frozenset(
    {
        EffectKind.NOTED,
        EffectKind.STATUS,
        EffectKind.TASK,
        EffectKind.HOLDER,
        EffectKind.COMMAND,
        EffectKind.REGRADED,
        EffectKind.SUSPECTED,
    }
)
SAID_ALREADY: Mapping[str, tuple[str, ...]] = {
    Kind.STATED: ("statement",),
    Kind.REGISTERED: ("item_registered",),
    Kind.REOPENED: ("open",),
    Kind.ASSIGNED: LAID,
    Kind.COMMAND_TAKEN: ("commander", "acting_commander"),
    Kind.HANDED_OVER: ("shift_handed_over",),
    Kind.EXTENSION_DECIDED: ("extension_granted", "extension_refused"),
    Kind.CONTESTED: ("call_contested",),
    Kind.REVIEWED: ("measure_upheld", "measure_set_aside"),
}
"""Reasons that say no more than the act itself."""


def _consequences(moment: Moment, teller: Narrator) -> Iterator[str]:
    said = (moment.kind, *SAID_ALREADY.get(moment.kind, ()))
    for one in moment.account.consequences:
        if one.kind == EffectKind.RAISED and one.why == Reason.LAPSE_REFERRED:
            continue  # the referral itself stands beside it
        is_said = one.why in said or one.why.partition(".")[0] == moment.kind
        if one.kind in ONLY_SAYS_IT and is_said and (one.due_at is None or one.kind == EffectKind.TASK):
            continue
        if one.harm is not None:
            yield from _harm(one.harm, one.harm_was, teller)
            continue
        yield _consequence(one, moment.at, teller)
        yield from excuse_words(
            [excuse for excuse in one.excuses if excuse in LABELS["excuse"]],
            one.outage,
            teller.zone,
            teller.words,
        )
        if one.stood_in is not None:
            yield teller.say(after.STOOD_IN, who=teller.person(one.stood_in))


WITH_WHOM = frozenset(
    {
        EffectKind.NOTED,
        EffectKind.STATUS,
        EffectKind.HOLDER,
        EffectKind.TASK,
        EffectKind.GAP,
        EffectKind.RAISED,
    }
)
"""Whose sentence names neither people, unit nor limit: they stand behind it, as far as there are any."""


def _consequence(one: Consequence, now: datetime, teller: Narrator) -> str:
    kind = known(EffectKind, one.kind)
    if kind is None:
        return teller.words.name(after.OTHER_EFFECT)
    reason = one.cause if one.cause in LABELS["cause"] else one.why
    unit = teller.unit(one.unit) if one.unit else teller.words.name(after.THOSE_CONCERNED)
    likeness = teller.say(after.LIKENESS, percent=round(one.likeness * 100)) if one.likeness else ""
    ground = teller.say(after.GROUND, why=teller.why(one.ground)) if one.ground else ""
    sentence = teller.say(
        _message(kind, one),
        people=teller.people(one.people) if one.people else unit,
        unit=unit,
        title=teller.duty(one.rule) if one.rule else teller.task(one.task or ""),
        task=teller.task(one.task) if one.task else teller.words.name(say.A_TASK),
        due=teller.at(one.due_at, now),
        was=teller.at(one.was, now),
        why=teller.why(reason),
        level=teller.label("level", one.level, after.OTHER_REASON),
        measure=teller.label("measure", one.measure or one.why, after.OTHER_REASON)
        if one.why not in LABELS["why"]
        else teller.why(one.why),
        likeness=likeness,
        ground=ground,
    )
    if one.late_by_seconds is not None and one.late_by_seconds >= 1:
        sentence += teller.say(after.LATE_BY, span=teller.span(one.late_by_seconds))
    if kind not in WITH_WHOM:
        return sentence
    return teller.words.aside(sentence, *_with_whom(one, now, teller))


def _with_whom(one: Consequence, now: datetime, teller: Narrator) -> Iterator[str]:
    if one.rule:
        yield teller.duty(one.rule)
    if one.people:
        yield teller.people(one.people)
    elif one.unit:
        yield teller.unit(one.unit)
    if one.due_at is not None:
        yield teller.say(after.LIMIT, due=teller.at(one.due_at, now))
    if one.approvals is not None and one.approvals_needed is not None:
        yield teller.say(after.APPROVALS, given=one.approvals, needed=one.approvals_needed)


def _message(kind: EffectKind, one: Consequence) -> Name:
    if kind is EffectKind.OPENED and one.why == "owed_on_report":
        return after.OWED_TO
    if kind is EffectKind.OPENED and one.why == Reason.ROLL_CALL:
        return after.ROLL_CALLED
    if kind is EffectKind.CANCELLED and one.why == Reason.NO_ANSWER_TO_THE_ROLL_CALL:
        return after.NOT_ANSWERED
    if kind is EffectKind.REGRADED and known(Level, one.level):
        return after.REGRADED_TO
    if kind is EffectKind.DISCHARGED and (one.late_by_seconds or one.why.endswith("_late")):
        return after.DONE_LATE
    return after.EFFECTS.get(kind, after.OTHER_EFFECT)
