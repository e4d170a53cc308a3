"""Our own failures excuse people: what fell into an outage of ours, or was never called, is on record and is
not referred by itself.
"""

from datetime import datetime, timedelta
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.escalator.deciding.draft import Rules
from services.escalator.playing.world import handed_over_at_once
from shared.case import Duty, DutyState
from shared.facts import OUR_FAILURES, Decision, Due, EffectKind, Excuse, LapseCause, Notice, Outage
from shared.facts.acts import Referred
from shared.facts.authors import Author
from shared.ids import DutyId
from shared.pulse import AWAY_AFTER
from shared.vocabulary import Kind, Role
from tests.escalator.builders import LEADERS, LEARNED, Story, default_rules
from tests.escalator.histories import History, Step
from tests.escalator.test_properties import EXAMPLES

RULES = default_rules()
MAIN = DutyId("first_report-gov_main")


def minute(at: float) -> datetime:
    return LEARNED + timedelta(minutes=at)


def with_outages(*outages: Outage) -> Rules:
    return Rules(RULES.policy, RULES.directory, outages)


def away(of: Author, since: float, until: float | None = None) -> Outage:
    return Outage(of=of, since=minute(since), until=None if until is None else minute(until))


def referred(story: Story) -> list[Referred]:
    return [
        Referred.model_validate(sent.data)
        for decision in story.decisions
        for sent in decision.sends
        if sent.kind is Kind.REFERRED
    ]


def lapse(story: Story, duty: DutyId = MAIN) -> tuple[tuple[str, ...], Outage | None]:
    written = story.duty(duty).lapse
    assert written is not None
    return written.excuses, written.outage


# While we were away


def test_a_limit_that_passed_while_we_were_away_is_on_record_and_not_referred() -> None:
    outage = away(Author.NOTIFIER, 29, 32)
    story = Story(with_outages(outage))
    story.reported()
    story.time_passes(33)

    assert lapse(story) == ((Excuse.SYSTEM_AWAY,), outage)
    assert story.duty(MAIN).state is DutyState.LAPSED, "it is owed and chased all the same"
    assert not referred(story)
    assert (MAIN, "not_referred_the_failure_was_ours") in story.effects(EffectKind.NOTED, MAIN)


def test_an_outage_beside_the_limit_excuses_nobody() -> None:
    story = Story(with_outages(away(Author.INTAKE, 5, 29.9), away(Author.ESCALATOR, 30.1, 40)))
    story.reported()
    story.time_passes(31)

    assert lapse(story) == ((), None)
    assert len({sent.unit for sent in referred(story)}) == len(referred(story)) > 0


def test_a_clock_that_strikes_late_is_never_a_persons_lateness() -> None:
    """The broker itself was away, and nothing else knows of it."""
    story = Story()
    story.reported()
    story.time_passes(25)
    story.happens(Kind.DUE, Due(duty=MAIN, at=minute(30)), 32)

    excuses, outage = lapse(story)
    assert excuses == (Excuse.SYSTEM_AWAY,)
    assert outage is not None
    assert (outage.of, outage.until) == (Author.BROKER, minute(32))
    assert [
        effect.late_by_seconds for effect in story.all_effects(EffectKind.LAPSED) if effect.duty == MAIN
    ] == [None]
    assert not referred(story)


def test_a_clock_that_was_brought_forward_has_not_struck_late() -> None:
    """A graver level brings a limit forward: that is the policy, and no outage."""
    story = Story()
    story.reported(level="IV")
    story.time_passes(40)
    story.act(Kind.REGRADED, 45, level="II", text="伤亡增加")
    story.time_passes(76)

    assert Excuse.SYSTEM_AWAY not in lapse(story, DutyId("first_report-emergency_office"))[0]


def test_how_late_it_was_done_counts_from_the_limit_to_the_person() -> None:
    story = Story(with_outages(away(Author.ESCALATOR, 29, 40)))
    story.reported()
    story.time_passes(30.1)
    story.acknowledged(story.holder("gov_main"), 41)

    (done,) = [effect for effect in story.all_effects(EffectKind.DISCHARGED) if effect.duty == MAIN]
    assert done.late_by_seconds == 11 * 60


def test_the_discipline_organ_may_refer_it_all_the_same() -> None:
    story = Story(with_outages(away(Author.INTAKE, 29, 32)))
    story.reported()
    story.time_passes(33)
    story.act(
        Kind.CONFIRMED,
        60,
        "discipline",
        Role.DISCIPLINE,
        "jiang_jian",
        duty=MAIN,
        text="当日其办公室可直接上报",
    )

    (sent,) = referred(story)
    assert (sent.duty, sent.excuses, sent.late_by_seconds) == (MAIN, (Excuse.SYSTEM_AWAY,), 30 * 60)
    story.act(Kind.CONFIRMED, 61, "discipline", Role.DISCIPLINE, "jiang_jian", duty=MAIN)
    assert story.decisions[-1].effects[-1].why == "referred_already"


# A report that came late


def test_a_late_report_is_excused_where_intake_was_away_at_its_limit() -> None:
    story = Story(with_outages(away(Author.INTAKE, 29, 33)))
    story.reported(34)

    assert lapse(story)[0] == (Excuse.SYSTEM_AWAY,)
    assert not referred(story)


def test_that_others_of_us_were_away_excuses_no_late_report() -> None:
    story = Story(with_outages(away(Author.NOTIFIER, 0, 40), away(Author.ESCALATOR, 0, 40)))
    story.reported(34)

    assert lapse(story) == ((), None)
    assert [(sent.cause, sent.late_by_seconds) for sent in referred(story)] == [
        (LapseCause.REPORTED_LATE, 4 * 60)
    ]


def test_a_try_counts_where_our_own_record_says_that_intake_was_away() -> None:
    outage = away(Author.INTAKE, 10, 12)
    story = Story(with_outages(outage))
    story.reported(34, tried_at=(minute(3), minute(11)))

    assert lapse(story) == ((Excuse.INTAKE_UNREACHABLE,), outage)
    assert not referred(story)


def test_a_try_that_our_record_does_not_confirm_is_on_record_and_excuses_nothing() -> None:
    story = Story(with_outages(away(Author.INTAKE, 31, 33)))
    story.reported(34, tried_at=(minute(11), minute(32)))

    assert lapse(story) == ((), None)
    assert ("first_report-gov_main", "tries_not_confirmed") in story.effects(EffectKind.NOTED, LEADERS)
    assert referred(story)


# Whom no call has reached


def test_a_chain_that_was_never_called_answers_for_nothing() -> None:
    story = Story(tells=False)
    for notice in story.reported().notices:
        story.delivery(Kind.DELIVERED, notice.id, notice.person, "voice", 0.01)
    story.time_passes(31)

    assert lapse(story) == ((Excuse.NOTHING_DELIVERED,), None)
    assert not referred(story), "no stand-in's telephone has rung"


def test_a_chain_that_was_called_and_stayed_silent_answers_for_its_roster() -> None:
    story = Story()
    story.reported()
    story.time_passes(31)

    assert {(sent.rule, sent.unit) for sent in referred(story)} == {("first_report", "gov_office")}, (
        "neither the unit that reported in time nor the leaders"
    )


def test_a_report_in_the_last_minute_leaves_the_chain_no_time_and_nobody_answers_for_that() -> None:
    story = Story()
    story.reported(29)
    story.time_passes(31)

    assert story.duty(MAIN).lapse
    assert not referred(story)
    assert (MAIN, "not_referred_nobody_was_asked_to_stand_in") in story.effects(EffectKind.NOTED, MAIN)


def test_nobody_is_dark_whom_no_call_has_reached_and_the_chain_goes_on_all_the_same() -> None:
    story = Story(tells=False)
    story.reported()
    story.time_passes(5)

    assert story.effects(EffectKind.DARK) == []
    assert (MAIN, "not_handed_over") in story.effects(EffectKind.UNREACHED, MAIN)
    assert story.holder("secretary_general") in [lit.person for lit in story.duty(MAIN).lit]


def test_the_wait_counts_from_the_hand_over() -> None:
    story = Story(tells=False)
    one = next(notice for notice in story.reported().notices if MAIN in notice.duties)
    story.delivery(Kind.DELIVERED, one.id, one.person, "voice", 4)
    story.time_passes(8.9)
    assert len(story.duty(MAIN).lit) == 1
    story.time_passes(9)

    assert story.effects(EffectKind.DARK, MAIN) == [(MAIN, "dark_after_wait")]
    assert story.duty(MAIN).lit[1].at == minute(9)


# Any history, any outages


class Troubled(History):
    """Nothing is decided while the escalator is away: its clocks strike and its facts come when it is
    back.
    """

    def __init__(self, chance: Random) -> None:
        super().__init__(chance, with_outages(*_outages(chance)))
        self.tells = chance.random() < 0.5

    def wait(self) -> None:
        if self.chance.random() < 0.1:
            self.broker_away()
        super().wait()
        at = minute(self.minute)
        for outage in self.rules.outages:
            if outage.of is Author.ESCALATOR and outage.until is not None and outage.holds(at):
                self.seconds = max(self.seconds, (outage.until - LEARNED).total_seconds())

    def broker_away(self) -> None:
        """Here no pulse tells of it: that clocks strike late is all that is known."""
        self.seconds += self.chance.choice(SPANS)
        self.strike_until(self.seconds)


SPANS = [4, 107, 1900, 7200, 90_000]


def _outages(chance: Random) -> list[Outage]:
    found: list[Outage] = []
    for _ in range(chance.choice([1, 3, 8, 20])):
        since = chance.choice(
            [0, 1740, 1799, 1800, 3600, chance.randrange(0, 40_000), chance.randrange(0, 600_000)]
        )
        span = chance.choice(SPANS)
        of = chance.choice([Author.INTAKE, Author.ESCALATOR, Author.NOTIFIER])
        found.append(
            Outage(
                of=of,
                since=LEARNED + timedelta(seconds=since),
                until=LEARNED + timedelta(seconds=since + span),
            )
        )
    return found


@settings(max_examples=EXAMPLES * 3, deadline=None)
@given(st.integers(0, 2**32))
def test_over_any_history_with_any_outages_nobody_is_referred_for_what_fell_into_one(seed: int) -> None:
    history = Troubled(Random(seed)).play(25)
    for step in history.steps:
        if step.kind is Kind.CONFIRMED:
            continue  # a person refers it
        for sent in step.decision.sends:
            if sent.kind is not Kind.REFERRED:
                continue
            said = Referred.model_validate(sent.data)
            if said.found is not None:
                continue  # taken back
            duty = _as_it_was(history, step, said.duty)
            _is_nobodys_outage(history, said)
            assert not _fell_into_a_late_strike(step, said), (
                "nobody is referred for what a late clock has found"
            )
            called = [lit for lit in duty.lit if lit.person != duty.bearer and lit.channels]
            is_late_report = said.cause == LapseCause.REPORTED_LATE
            assert is_late_report or not called or any(lit.is_reached for lit in called), (
                "nobody whom no call has reached"
            )
            assert is_late_report or said.late_by_seconds is None, "nobody is late by what a clock has found"


def _as_it_was(history: History, step: Step, duty_id: DutyId) -> Duty:
    """As the limit found it: whom the very act has called was not called before."""
    before = step.before if step.before is None or not history.tells else handed_over_at_once(step.before)
    known = [*(before.duties if before is not None else ()), *step.after.duties]
    return next(duty for duty in known if duty.id == duty_id)


def _fell_into_a_late_strike(step: Step, said: Referred) -> bool:
    """The clock struck later than set, counted from the fact before it where that is what set it."""
    if step.struck is None or step.before is None:
        return False
    since = max(step.struck, step.before.applied.at)
    return step.at - since > AWAY_AFTER and said.limit >= since


def _is_nobodys_outage(history: History, said: Referred) -> None:
    for outage in history.rules.outages:
        if said.cause != LapseCause.REPORTED_LATE or outage.of is Author.INTAKE:
            assert not outage.holds(said.limit), f"{said.duty} fell into {outage}"
    assert OUR_FAILURES.isdisjoint(said.excuses)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_an_outage_changes_nothing_but_the_referral(seed: int) -> None:
    """The same is owed, has lapsed and is called as without it; the call says what speaks for whoever owed
    it. (A notice that names nobody is on whoever is held to a lapse; the organ's list has only lapses that
    are referred.)
    """
    history = Troubled(Random(seed)).play(20)
    assume(all(step.kind is not Kind.NOTICE_DRAFTED for step in history.steps))
    plain = Story(RULES, tells=history.tells)
    for step in history.steps:
        plain.happens(step.kind, step.data, (step.at - LEARNED).total_seconds() / 60)
    assume(all(duty.rule != LIST_OF_LAPSES for duty in plain.now.duties))
    assert [replace(duty, lapse=None) for duty in plain.now.duties] == [
        replace(duty, lapse=None) for duty in history.now.duties
    ]
    assert [_without_excuses(step.decision) for step in history.steps] == [
        _without_excuses(decision) for decision in plain.decisions
    ]


LIST_OF_LAPSES = "list_judged"


def _without_excuses(decision: Decision) -> list[Notice]:
    return [replace(notice, brief=replace(notice.brief, excuses=())) for notice in decision.notices]
