"""A small valid directory in one call; a test shows only what matters to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.directory import Absence, Directory, Person, Post, Roster, Unit
from shared.directory.change_facts import DirectoryChange
from shared.facts import Actor
from shared.vocabulary import Role

NAME = {"zh": "某", "en": "Some"}
MONDAY = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""08:30 in Shanghai."""
DAY = timedelta(days=1)


def person(who: str, **changes: Any) -> Person:
    channels = [
        {"channel": "voice", "address": "+860000000000"},
        {"channel": "sms", "address": "+860000000000"},
    ]
    return Person.model_validate(
        {"id": who, "name": {"zh": who, "en": who}, "unit": "city", "channels": channels, **changes}
    )


def post(name: str, holder: str, **changes: Any) -> Post:
    return Post.model_validate({"id": name, "name": NAME, "unit": "city", "holder": holder, **changes})


def unit(name: str, **changes: Any) -> Unit:
    return Unit.model_validate({"id": name, "name": NAME, "area": "620600", "head": "chief", **changes})


def roster(**changes: Any) -> Roster:
    fields = {
        "id": "watch",
        "name": NAME,
        "unit": "city",
        "post": "desk",
        "rotation": ["ann", "bob", "cid"],
        "since": "2026-11-23",
    }
    return Roster.model_validate({**fields, **changes})


def away(since: datetime, until: datetime) -> Absence:
    return Absence(since=since, until=until, reason="leave")


def parts(**changes: Any) -> dict[str, Any]:
    """The parts of a Directory: a chief with a deputy, and a desk on a roster of three."""
    return {
        "version": "test",
        "areas": [{"code": "620600", "name": NAME}, {"code": "620622", "name": NAME, "within": "620600"}],
        "units": [
            unit("city"),
            unit("county", area="620622", superior="city"),
            unit("clinic", area="620622", superior="county"),
        ],
        "people": [person(who) for who in ("chi", "dan", "ann", "bob", "cid")],
        "posts": [post("chief", "chi", deputies=["dan"]), post("desk", "dan", roster="watch")],
        "rosters": [roster()],
        **changes,
    }


def directory(**changes: Any) -> Directory:
    return Directory.model_validate(parts(**changes))


def changed(*changes: Any, base: int = 1) -> DirectoryChange:
    by = Actor(principal="op", role=Role.OPERATOR)
    return DirectoryChange(by=by, version="test+2", base=base, changes=changes)
