"""config/nats.conf beside the contract: who writes which facts, who reads which durables, and that nobody can
do more.
"""

import pytest

from fenghuo.embedded import NATS_CONF
from shared import streams
from shared.facts.authors import AUTHORS, SOURCES, Author
from shared.secrets import NATS_USERS
from shared.vocabulary import RETIRED_KINDS, Kind
from tests.deploy import nats_conf

USERS = nats_conf.users()
SERVICES = [name for name in USERS if name != "admin"]


def test_every_user_has_a_key_and_there_are_no_others() -> None:
    assert set(USERS) == set(NATS_USERS)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_publishes_the_facts_it_is_the_author_of_and_no_others(user: str) -> None:
    assert {kind for kind in Kind if USERS[user].may_publish(f"fact.7.{kind}")} == {
        kind for kind in Kind if user in AUTHORS[kind] and kind not in RETIRED_KINDS
    }


def test_every_kind_of_fact_has_an_author_and_a_clock_that_struck_has_none() -> None:
    """`due` comes out of the broker itself: no user may claim that a clock struck."""
    assert set(AUTHORS) == set(Kind)
    assert [kind for kind, authors in AUTHORS.items() if Author.BROKER in authors] == [Kind.DUE]
    assert set(SOURCES) == set(Author)


@pytest.mark.parametrize(
    "subject",
    ["clock.armed.1.case", "$KV.CASES.case", "$KV.POLICIES.text.any", "$JS.API.STREAM.PURGE.CLOCKS"],
)
def test_clocks_cases_and_policies_are_written_by_the_escalator_alone(subject: str) -> None:
    assert [name for name in SERVICES if USERS[name].may_publish(subject)] == ["escalator"]


def test_who_is_who_is_written_by_intake_alone_and_read_by_every_service() -> None:
    assert [name for name in SERVICES if USERS[name].may_publish("$KV.DIRECTORY.current")] == ["intake"]
    readers = [
        name
        for name in SERVICES
        if USERS[name].may_publish("$JS.API.DIRECT.GET.KV_DIRECTORY.$KV.DIRECTORY.current")
    ]
    assert set(readers) == set(SERVICES) - {"redactor"}


def test_nobody_may_pretend_that_a_clock_struck() -> None:
    assert not [name for name in SERVICES if USERS[name].may_publish("clock.due.1.case")]


def test_each_durable_is_read_and_acknowledged_by_its_own_service_alone() -> None:
    for stream, durable in streams.durable_configs():
        name = durable.durable_name
        assert name
        owner = "escalator" if name == streams.CROSS_CHECK_DURABLE else name.split("-")[0]
        taking = [f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}", f"$JS.ACK.{stream}.{name}.>"]
        for subject in [*taking, f"$JS.API.CONSUMER.INFO.{stream}.{name}"]:
            assert USERS[owner].may_publish(subject), f"{owner} needs {subject}"
        others = [
            user
            for user in SERVICES
            if user != owner and any(USERS[user].may_publish(subject) for subject in taking)
        ]
        assert not others, f"{others} may read {stream}/{name}"


MAY_EMPTY = {
    ("escalator", streams.CLOCKS, "PURGE"),
    # A key of its own, which can do nothing else: what it takes away without an order `fenghuo trail files` names.
    ("redactor", streams.FILES_STREAM, "PURGE"),
    ("redactor", streams.UPLOADS_STREAM, "PURGE"),
}


@pytest.mark.parametrize("user", SERVICES)
def test_no_service_declares_changes_or_empties_a_stream(user: str) -> None:
    names = [
        *(c.name for c in streams.stream_configs()),
        *(f"KV_{b.bucket}" for b in streams.bucket_configs()),
    ]
    for stream in names:
        for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT"):
            if (user, stream, verb) not in MAY_EMPTY:
                assert not USERS[user].may_publish(f"$JS.API.STREAM.{verb}.{stream}"), (
                    f"{user} may {verb} {stream}"
                )


@pytest.mark.parametrize("user", SERVICES)
def test_no_service_makes_a_consumer_on_the_record_or_deletes_one(user: str) -> None:
    for stream in (streams.FACTS, streams.INBOX, streams.CLOCKS):
        for verb in ("CREATE", "DURABLE.CREATE", "DELETE"):
            assert not USERS[user].may_publish(f"$JS.API.CONSUMER.{verb}.{stream}.any")


@pytest.mark.parametrize("user", SERVICES)
def test_no_service_takes_away_what_another_follows_a_bucket_by(user: str) -> None:
    for bucket in streams.bucket_configs():
        assert not USERS[user].may_publish(f"$JS.API.CONSUMER.DELETE.KV_{bucket.bucket}.any")


def test_a_service_makes_consumers_on_the_buckets_it_follows_and_no_others() -> None:
    followed = {
        "intake": {"CASES", "BROWSERS"},
        "escalator": {"POLICIES"},
        "notifier": {"DELIVERIES", "BROWSERS"},
        "audit": set[str](),
    }
    for user, buckets in followed.items():
        made = {
            str(b.bucket)
            for b in streams.bucket_configs()
            if "CREATE" in _consumer_rights(user, str(b.bucket))
        }
        pages = {streams.SESSIONS} if user != "notifier" else set[str]()
        assert made == buckets | pages | {streams.DIRECTORY, streams.TOKENS}, user


def _consumer_rights(user: str, bucket: str) -> set[str]:
    return {
        verb
        for verb in ("CREATE", "INFO")
        for end in ("", ".any")
        if USERS[user].may_publish(f"$JS.API.CONSUMER.{verb}.KV_{bucket}{end}")
    }


@pytest.mark.parametrize("user", SERVICES)
def test_a_user_hears_its_own_answers_and_nobody_elses(user: str) -> None:
    extra = {"report.submit.*"} if user == "intake" else set[str]()
    assert set(USERS[user].subscribe) == {f"_INBOX.{user}.>"} | extra


def test_no_user_of_the_core_answers_wherever_it_is_asked_to() -> None:
    """`allow_responses` would let whoever asks choose the subject that intake writes to."""
    assert "allow_responses" not in NATS_CONF.read_text()
    assert [name for name in SERVICES if USERS[name].may_publish("_R_.any")] == ["intake"]


def test_the_core_shows_sources_two_services_and_nothing_else() -> None:
    core = nats_conf.parse()["accounts"]["CORE"]
    assert core["exports"] == [{"service": "inbox.*.*"}, {"service": "report.submit.*"}]
    assert "imports" not in core


@pytest.mark.parametrize(
    ("pattern", "subject", "covered"),
    [
        ("fact.*.due", "fact.3.due", True),
        ("fact.*.due", "fact.3.decided", False),
        ("fact.>", "fact", False),
        ("$JS.ACK.FACTS.>", "$JS.ACK.FACTS.audit.>", True),
        ("$JS.ACK.FACTS.audit.x", "$JS.ACK.FACTS.audit.>", False),
        ("a.*", "a.b.c", False),
    ],
)
def test_a_pattern_covers_what_the_broker_says_it_covers(pattern: str, subject: str, covered: bool) -> None:
    assert nats_conf.covers(pattern, subject) is covered
