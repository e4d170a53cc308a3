"""A case made again from the record is the case that was, and nothing is decided a second time."""

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import Rules
from services.escalator.deciding.rebuild import AuthenticFact, History, rearmed, rebuild
from services.escalator.deciding.repeats import MOST, is_repeat, with_it
from services.escalator.lanes.rulebook import LOOKED_THROUGH, outages_named
from shared.case import Case
from shared.facts import Decision, Due, Fact, Outage
from shared.vocabulary import Kind
from tests.escalator.builders import CASE, LEARNED, default_rules
from tests.escalator.histories import History as Played

RULES = default_rules()
END = 1 << 40
seeds = st.integers(0, 2**32)


def by_one_policy(case: Case | None, told: AuthenticFact, decision: Decision | None) -> Rules:
    return RULES


def on_record(
    seed: int, length: int = 20, rules: Rules = RULES
) -> tuple[list[AuthenticFact], dict[int, Decision], list[Case]]:
    """A random history as it was lived: its facts, the decisions that went out, and the case after each."""
    facts, decisions, cases = list[AuthenticFact](), dict[int, Decision](), list[Case]()
    for number, step in enumerate(Played(Random(seed), RULES).play(length).steps, 1):
        fact = Fact.of(step.kind, id=f"f{number}", source="/test", subject=CASE, time=step.at, data=step.data)
        after, decision = rearmed(*decide(cases[-1] if cases else None, fact, number, step.at, rules), fact)
        facts.append(AuthenticFact(fact, number, step.at))
        cases.append(after)
        if not decision.is_empty:
            decisions[number] = decision
    return facts, decisions, cases


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(0, 30))
def test_it_is_the_case_that_was_from_whichever_revision_it_begins(seed: int, begin: int) -> None:
    facts, decisions, cases = on_record(seed)
    start = cases[begin] if begin < len(cases) else None
    rebuilt = rebuild(start, History(facts, decisions, frozenset()), END, by_one_policy)
    assert rebuilt is not None
    assert (rebuilt.differing, rebuilt.unsent) == ((), ())
    assert rebuilt.case == cases[-1]


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_outages_of_then_are_taken_from_the_decisions_that_name_them(seed: int) -> None:
    """Also one that was not over yet, whatever is known of it by now."""
    chance = Random(seed)
    outages: list[Outage] = []
    for author in LOOKED_THROUGH[:3]:
        since = LEARNED + timedelta(minutes=chance.uniform(-60, 60))
        outages.append(
            Outage(
                of=author,
                since=since,
                until=chance.choice([None, since + timedelta(minutes=chance.uniform(0, 40))]),
            )
        )
    facts, decisions, cases = on_record(seed, rules=Rules(RULES.policy, RULES.directory, tuple(outages)))

    def as_then(case: Case | None, told: AuthenticFact, decision: Decision | None) -> Rules:
        return Rules(RULES.policy, RULES.directory, outages_named(decision) if decision else ())

    rebuilt = rebuild(None, History(facts, decisions, frozenset()), END, as_then)
    assert rebuilt is not None
    assert rebuilt.differing == ()
    assert rebuilt.case == cases[-1]


def test_a_clock_that_struck_while_the_case_could_not_be_read_strikes_late() -> None:
    facts, decisions, cases = on_record(0, 0)
    struck = a_clock(cases[-1], len(facts) + 1)
    rebuilt = rebuild(
        None, History([*facts, struck], decisions, frozenset({struck.sequence})), END, by_one_policy
    )
    assert rebuilt is not None
    assert [decision.about.sequence for decision in rebuilt.unsent] == [struck.sequence]
    assert rebuilt.case.applied.sequence == struck.sequence
    assert rebuilt.case.clock_at != cases[-1].clock_at


def a_clock(case: Case, sequence: int) -> AuthenticFact:
    assert case.clock_at is not None
    data = Due(duty=case.clock_duty, at=case.clock_at)
    return AuthenticFact(
        Fact.of(Kind.DUE, id="clock", source="/test", subject=CASE, time=case.clock_at, data=data),
        sequence,
        case.clock_at,
    )


def test_what_is_decided_otherwise_now_is_said_and_what_is_on_record_counts() -> None:
    facts, decisions, _ = on_record(0, 3)
    first = decisions[1]
    told_otherwise = {**decisions, 1: replace(first, notices=first.notices[1:])}
    rebuilt = rebuild(None, History(facts[:1], told_otherwise, frozenset()), 2, by_one_policy)
    assert rebuilt is not None
    assert rebuilt.differing == (1,)
    assert rebuilt.case.decision == told_otherwise[1]
    assert rebuilt.unsent == ()


def test_without_its_report_there_is_nothing_to_begin_with() -> None:
    facts, decisions, _ = on_record(0, 5)
    assert rebuild(None, History(facts[1:], {}, frozenset()), END, by_one_policy) is None
    assert rebuild(None, History([], {}, frozenset()), END, by_one_policy) is None
    assert decisions


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_a_fact_stored_again_under_its_id_changes_nothing(seed: int) -> None:
    facts, _, cases = on_record(seed)
    case, last = cases[-1], len(facts)
    for again in (told for told in facts if told.fact.kind not in (Kind.DUE, Kind.DELIVERED, Kind.FAILED)):
        last += 1
        after, decision = decide(case, again.fact, last, case.applied.at, RULES)
        assert decision.is_empty
        assert replace(after, applied=case.applied, decision=case.decision) == case
        assert after.applied.sequence == last, "the watcher sees that it was looked at"


def test_of_a_case_that_has_taken_in_very_much_the_oldest_ids_are_forgotten_first() -> None:
    facts, _, cases = on_record(0, 0)
    case = replace(cases[-1], taken=tuple(str(number) for number in range(MOST)))
    report = facts[0].fact
    taken = with_it(case, report)
    assert len(taken) == MOST
    assert "0" not in taken
    assert is_repeat(replace(case, taken=taken), report)
