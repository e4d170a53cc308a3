"""Terms: reminders before their limit, chains told to their end in time, nothing that starts anew at once, a
calendar that is known.
"""

from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

from services.escalator.policy.findings import Findings
from services.escalator.policy.holidays import WorkCalendar
from services.escalator.policy.resolve import comes_too_late, reminders_as_written, whole_rule
from services.escalator.policy.rule import DutyRule
from services.escalator.policy.sorts import words_for
from services.escalator.policy.terms import Term
from shared.facts import PolicyLine
from shared.ids import PersonId, PostId
from shared.message import N_, Said, said
from shared.standing import units_with
from shared.vocabulary import Level

AHEAD = timedelta(days=60)
"""How long before the known holidays run out a person is warned."""


def _each_owes_its_own(findings: Findings, name: str) -> None:
    rule, document = whole_rule(findings.policy.document, name), findings.policy.document
    topic, by = rule.get("each"), document.duties[name].by
    if topic is None:
        return
    if rule.get("every") is None:
        findings.fault(N_("is of a rule by the calendar: write `every:` too"), "duties", name, "each")
    if by not in (None, "watched", "recipient"):
        findings.fault(N_("each unit owes its own: write `by: watched`"), "duties", name, "by")
    if not units_with(findings.directory, topic):
        findings.warn(
            said(N_("no unit of the directory is competent for %(topic)s: nobody owes it"), topic=topic),
            "duties",
            name,
            "each",
        )


def terms_make_sense(findings: Findings) -> None:
    for name, spec in findings.policy.document.duties.items():
        if spec.every is not None:
            try:
                CronSim(spec.every, datetime(2026, 1, 1))  # noqa: DTZ001 - any moment: only whether it can be read
            except CronSimError as error:
                findings.fault(
                    said(
                        N_("%(every)s is no calendar (%(error)s): write five fields, such as 0 9 1 * *"),
                        every=repr(spec.every),
                        error=error,
                    ),
                    "duties",
                    name,
                    "every",
                )
        for terms, at in (
            (spec, ("duties", name)),
            *((one, ("duties", name, "variants", i)) for i, one in enumerate(spec.variants)),
        ):
            if terms.nag is not None and terms.nag <= timedelta(0):
                findings.fault(
                    N_("called again without a pause, for ever: write an interval, such as PT30M"), *at, "nag"
                )
            if terms.fallback is not None and terms.fallback.chain and not terms.fallback.step:
                findings.fault(
                    N_("the whole chain would be lit at once: write how long each may stay dark"),
                    *at,
                    "fallback",
                    "step",
                )
    for name, read in findings.read.items():
        _each_owes_its_own(findings, name)
        for sort, rule in read:
            _check_term(findings, name, words_for(sort), rule)
            for reminder in reminders_as_written(findings.policy.document, name, sort):
                # One that counts back from the limit is left out where the term is shorter: a table serves many.
                if not reminder.is_before and comes_too_late(reminder, rule.term):
                    findings.fault(
                        said(
                            N_(
                                "a reminder after the limit reminds of nothing: %(reminder)s is not before %(term)s (%(sort)s); "
                                "shorten it or write a share such as 50%%"
                            ),
                            reminder=reminder,
                            term=rule.term,
                            sort=words_for(sort),
                        ),
                        *_path(rule.plan.remind_rule, name, "remind"),
                        same=f"late {reminder}",
                    )
    _graver_is_not_slower(findings)


def _check_term(findings: Findings, name: str, words: str, rule: DutyRule) -> None:
    term = rule.term
    if term is None:
        return
    where = _path(rule.plan.limit, name, "within")
    same = str(term)
    if term.is_share:
        findings.fault(
            said(
                N_("%(term)s is a share of nothing (%(words)s): a limit is a term of its own, such as PT30M"),
                term=term,
                words=words,
            ),
            *where,
            same=same,
        )
    elif term.at_least <= timedelta(0) and not term.day:
        findings.fault(
            said(N_("%(term)s is no time at all (%(words)s): nobody can keep it"), term=term, words=words),
            *where,
            same=same,
        )
    for late, _ in rule.overdue:
        if late.is_share:
            findings.fault(
                said(
                    N_(
                        "%(late)s after the limit is a share of nothing (%(words)s): write a term such as P1D"
                    ),
                    late=late,
                    words=words,
                ),
                "duties",
                name,
                "overdue",
                same=str(late),
            )


def chains_fit_their_limits(findings: Findings) -> None:
    """A chain is told to its end before the limit, ends with somebody who can be rung, and is not those who
    were rung anyway.
    """
    directory = findings.directory
    for name, read in findings.read.items():
        for sort, rule in read:
            plan, term = rule.plan, rule.term
            if not plan.chain or any(post not in directory.posts_by_id for post in plan.chain):
                continue
            path = _path(plan.chain_rule, name, "fallback")
            whole = (plan.wait or timedelta(0)) + (plan.step or timedelta(0)) * len(plan.chain)
            if term is not None and not term.is_share and whole > term.at_least:
                findings.fault(
                    said(
                        N_(
                            "the chain needs %(whole)s to be told to its end, but the limit is %(term)s (%(sort)s): "
                            "shorten after or step, or the chain"
                        ),
                        whole=whole,
                        term=term,
                        sort=words_for(sort),
                    ),
                    *path,
                    same=f"long {term}",
                )
            people = [directory.posts_by_id[post].holder for post in plan.chain]
            owed = {
                PersonId(directory.posts_by_id[PostId(post)].holder)
                for one in rule.to
                for post in findings.policy.audiences.get(one, (one,))
                if post in directory.posts_by_id
            }
            if set(people) <= owed:
                findings.fault(
                    N_(
                        "everybody on the chain is owed it anyway: when they stay dark, nobody is left to light"
                    ),
                    *path,
                )
            elif (
                people[-1] in owed
                or people[-1] in people[:-1]
                or not directory.people_by_id[people[-1]].channels
            ):
                findings.fault(
                    said(
                        N_(
                            "the chain ends dark: the holder of %(chain)s was rung before or has no channel; end it with another"
                        ),
                        chain=plan.chain[-1],
                    ),
                    *path,
                )


def _graver_is_not_slower(findings: Findings) -> None:
    levels = findings.policy.document.levels
    for field in ("report", "written", "acknowledge", "follow_up", "final", "plan"):
        for graver, lesser in zip(list(Level), list(Level)[1:], strict=False):
            if getattr(levels[graver], field) > getattr(levels[lesser], field):
                findings.warn(
                    said(
                        N_(
                            "level %(graver)s has longer than level %(lesser)s, which is less grave: exchange the two"
                        ),
                        graver=graver,
                        lesser=lesser,
                    ),
                    "levels",
                    graver,
                    field,
                )


def calendar_is_known(findings: Findings, at: datetime) -> None:
    """Working days that a term begun in the coming weeks could count in a year whose holidays are not wholly
    known.
    """
    calendar = findings.policy.calendar
    begun = at + AHEAD
    terms: dict[tuple[str | int, ...], Term] = {}
    for name, read in findings.read.items():
        for _, rule in read:
            for term in (rule.term, *(one for one, _ in rule.remind), *(one for one, _ in rule.overdue)):
                if term is not None and term.working:
                    terms[_path(rule.plan.limit, name, "within")] = term
    for path, term in terms.items():
        year = term.after(begun, calendar).year
        if year not in calendar.announced:
            findings.warn(
                said(
                    N_(
                        "%(term)s begun by %(begun)s can reach into %(year)s, whose holidays are %(calendar)s: "
                        "once they are announced, write days in lieu and make-up workdays into holidays.yaml under "
                        "years.%(year)s, with announced: true"
                    ),
                    term=term,
                    begun=f"{begun:%Y-%m-%d}",
                    year=year,
                    calendar=_known_of(calendar, year),
                ),
                *path,
            )


def _known_of(calendar: WorkCalendar, year: int) -> Said:
    """What stands in for the arrangement until it is known."""
    if any(day.year == year for day in calendar.off):
        return said(N_("known by the law alone (the other days count Monday to Friday)"))
    return said(N_("not known (Monday to Friday are counted)"))


def _path(rule: PolicyLine | None, name: str, field: str) -> tuple[str | int, ...]:
    """Where the value itself stands, which may be a table."""
    if rule is None:
        return ("duties", name, field)
    return tuple(int(part) if part.isdigit() else part for part in rule.path.split("."))
