"""What the policy means for one report, in plain words: what would open, who would be told when, why, and
which line says so.

Invariant: the report is played: decided by `decide` on a virtual clock with nobody answering. There is no
second reading of the policy.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from services.escalator.deciding.draft import Rules
from services.escalator.playing.telling import AUDIENCES, OF_A_FORM, WORDS, PlainSentence, dark
from services.escalator.playing.world import World
from services.escalator.policy.load import Policy
from services.escalator.policy.rule import MatterChoice
from services.escalator.policy.tell_spec import FORM_AUDIENCE
from shared.case import Case, Duty
from shared.directory import Directory
from shared.facts import (
    Decision,
    Effect,
    EffectKind,
    Frozen,
    Instant,
    Name,
    PolicyLine,
    Reason,
    Report,
    ReportForm,
)
from shared.ids import PostId, case_id_at
from shared.language.words import Words
from shared.vocabulary import Kind, Language

HORIZON = timedelta(days=90)
"""How far the play goes at most; what follows a limit belongs to the answer, the next year's does not."""
OWED = (Reason.OWED, Reason.OWED_ON_REPORT)
AGAIN = 2
"""How often the same thing, said again and again, is told."""


class ExplainedStep(Frozen):
    """One line of the explanation."""

    at: Instant
    what: Literal["told", "owes", "reminded", "lit", "lapses", "overdue", "follows"]
    person: str
    person_name: Name
    post: str
    post_name: Name
    channels: tuple[str, ...] = ()
    rule: PolicyLine
    text: Name
    duty: str = ""
    """The duty rule's name."""


class ExplainedTell(Frozen):
    """Who hears of what happens in such a case later, by one rule of `tells:`."""

    title: Name
    to: tuple[Name, ...]
    channels: tuple[str, ...]
    rule: PolicyLine


class Explanation(Frozen):
    policy: str
    steps: tuple[ExplainedStep, ...]
    tells: tuple[ExplainedTell, ...] = ()
    text: Name
    """The whole in a sentence."""


def explain(form: ReportForm, reported_at: datetime, policy: Policy, directory: Directory) -> Explanation:
    """As if `form` were handed in at `reported_at` and nobody answered or did anything."""
    opened, ended, decisions = play(form, reported_at, policy, directory)
    told = _Narrator(ended, opened, directory)
    steps = sorted(
        (step for decision in decisions for step in told.steps(decision)), key=lambda step: step.at
    )
    return Explanation(
        policy=policy.label,
        steps=tuple(steps),
        tells=_tells(opened, policy, directory),
        text=_whole(opened, reported_at, policy),
    )


def play(
    form: ReportForm, reported_at: datetime, policy: Policy, directory: Directory
) -> tuple[Case, Case, list[Decision]]:
    """The case as it opened, as it stands when all its limits have passed with nobody answering, and what was
    decided about it in between.
    """
    world = World(Rules(policy, directory))
    case_id = case_id_at(reported_at)
    report = Report.model_validate(
        {**form.model_dump(), "received_at": reported_at, "reported_by": "explain"}
    )
    world.happens(Kind.REPORTED, case_id, report, reported_at)
    opened = world.cases[case_id]
    ends = [moment for duty in opened.duties for moment in (duty.due_at, *(step.at for step in duty.overdue))]
    world.pass_until(min(max(ends, default=reported_at) + timedelta(seconds=1), reported_at + HORIZON))
    decisions = [decision for decision in world.decisions if decision.case == case_id]
    return opened, world.cases[case_id], decisions


def _tells(opened: Case, policy: Policy, directory: Directory) -> tuple[ExplainedTell, ...]:
    """As the rules read for a case of this sort and level."""
    report = opened.report
    sort = MatterChoice(
        report.kind,
        report.category,
        report.topic,
        opened.level,
        opened.sensitive,
        report.area,
        report.unit,
    )
    rules = [rule for name in policy.document.tells if (rule := policy.tell_named(name, sort)) is not None]
    return tuple(
        ExplainedTell(
            title=rule.title,
            to=tuple(_named(name, policy, directory) for name in rule.to),
            channels=rule.channels,
            rule=rule.line,
        )
        for rule in rules
    )


def _named(name: str, policy: Policy, directory: Directory) -> Name:
    """A post by its name, an audience of the policy by its posts' names, or who is found at the moment."""
    posts = [
        directory.posts_by_id[post]
        for post in policy.audiences.get(name, ())
        if post in directory.posts_by_id
    ]
    if (post := directory.posts_by_id.get(PostId(name))) is not None:
        posts = [post]
    if posts:
        return Name(
            zh="、".join(post.name.zh for post in posts), en=", ".join(post.name.en for post in posts)
        )
    return OF_A_FORM if FORM_AUDIENCE.match(name) else AUDIENCES.get(name, Name(zh=name, en=name))


def _whole(opened: Case, reported_at: datetime, policy: Policy) -> Name:
    reports = [duty for duty in opened.duties if opened.plan_of(duty).by_recipient]
    others = len(opened.duties) - len(reports)
    if not opened.duties:
        zh, en = (
            Words(language).label("kind", opened.report.kind) for language in (Language.ZH, Language.EN)
        )
        return Name(
            zh=f"“{zh}”：只立案，不计时。", en=f"A case of the sort “{en}” is filed, and no clock runs."
        )
    parts_zh: list[str] = []
    parts_en: list[str] = []
    if reports:
        due = reports[0].due_at.astimezone(policy.zone)
        late = reported_at > reports[0].due_at
        parts_zh.append(
            f"须在 {due:%m-%d %H:%M:%S} 前报告 {len(reports)} 人，每人一项责任。"
            + ("此时报告已超时，立即记为迟报。" if late else "")
        )
        parts_en.append(
            f"{len(reports)} people are owed the report by {due:%m-%d %H:%M:%S}, one duty each."
            + (" Reported now it is late, and lapses at once." if late else "")
        )
    if others:
        parts_zh.append(f"另有 {others} 项责任同时开始计时。")
        parts_en.append(
            f"{others} other {'duty' if others == 1 else 'duties'} {'opens' if others == 1 else 'open'} with it."
        )
    return Name(zh="".join(parts_zh), en=" ".join(parts_en))


class _Narrator:
    """Reads decisions out loud."""

    def __init__(self, case: Case, opened: Case, directory: Directory) -> None:
        self._case, self._directory = case, directory
        self._duties: dict[str, Duty] = {duty.id: duty for duty in (*opened.duties, *case.duties)}
        self._said: dict[tuple[str, str, str], int] = {}

    def steps(self, decision: Decision) -> Iterator[ExplainedStep]:
        rung: set[str | None] = set()
        for effect in decision.effects:
            if effect.kind is EffectKind.LIT and effect.why != Reason.OWED_ON_REPORT:
                if effect.person in rung:
                    continue  # lit for several who are dark, with one call
                rung.add(effect.person)
            line = WORDS.get(effect.kind)
            duty = self._duties.get(effect.duty or "")
            if (
                line is None
                or duty is None
                or effect.why == Reason.LAPSE_REFERRED
                or self._is_said_in_another(effect, duty)
            ):
                continue
            key = (effect.kind, effect.why, duty.id)
            self._said[key] = self._said.get(key, 0) + 1
            if self._said[key] <= AGAIN or effect.why != Reason.STILL_NOT_DONE:
                yield self._step(decision, effect, duty, line)

    def _is_said_in_another(self, effect: Effect, duty: Duty) -> bool:
        """A report opens and is told in one; another duty opens, and calling its bearer belongs to that."""
        by_recipient = self._case.plans[duty.rule].by_recipient
        if by_recipient:
            return effect.kind is EffectKind.OPENED
        return effect.kind is EffectKind.LIT and effect.person == duty.bearer and effect.why in OWED

    def _step(self, decision: Decision, effect: Effect, duty: Duty, line: PlainSentence) -> ExplainedStep:
        plan = self._case.plans[duty.rule]
        person = self._directory.people_by_id[(effect.person or duty.bearer)]
        post = effect.post or duty.bearer_post
        at = effect.due_at if effect.kind is EffectKind.LAPSED and effect.due_at else decision.about.time
        notice = next(
            (sent for sent in decision.notices if sent.person == person.id and duty.id in sent.duties), None
        )
        return ExplainedStep(
            at=at,
            what="lit" if effect.kind is EffectKind.LIT and effect.person != duty.bearer else line.what,
            person=person.id,
            person_name=person.name,
            post=post,
            post_name=self._directory.posts_by_id[post].name,
            channels=notice.channels if notice else (),
            rule=effect.rule or plan.limit,
            text=dark(notice)
            if notice and notice.brief.dark
            else line.text(effect, duty, plan, self._directory),
            duty=duty.rule,
        )
