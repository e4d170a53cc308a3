"""What a described gateway's answer means. Pure.

Invariant: only a code that the description lists under `no`, or a recipient that it names as left out, says
that the number is bad. What is no answer of that gateway, whatever its status, is the gateway's trouble.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import orjson
from pydantic import JsonValue

from services.notifier.channels import Reference, TransportError, Trouble
from services.notifier.channels._description import AnswerMeaning, Codes, Paths, TakenBy
from services.notifier.channels._over_http import (
    body_words,
    refusal_by_status,
    retry_after,
    trouble_of_status,
)
from services.notifier.posting import GatewayAnswer

PARTS = re.compile(r"[\s,;:|]+")
REMEDIES = {
    Trouble.ADDRESS: ": mend the person's address in the directory",
    Trouble.OURS: ": see the channel file and the account at the gateway",
    Trouble.GATEWAY: "",
}


class StaleToken(Exception):
    """The access token is not good any more."""


@dataclass(frozen=True, slots=True)
class Understood:
    reference: Reference | None
    content: JsonValue
    words: str
    """What the gateway said: its status, its code and its own words."""


def understand(answer: GatewayAnswer, meaning: AnswerMeaning, now: datetime) -> Understood:
    """What was taken. Raises TransportError for what was not, StaleToken where a new token is needed."""
    content = _content(answer.body, meaning)
    code = at_path(content, meaning.outcome)
    outcome = None if code is None else as_code(code)
    if outcome is not None and is_in(outcome, meaning.stale):
        raise StaleToken
    reference = at_path(content, meaning.reference)
    if not 200 <= answer.status < 300:
        raise _refused_with_status(answer, outcome, content, meaning, now)
    if outcome is not None and not is_in(outcome, meaning.yes):
        raise _refusal(answer, outcome, content, meaning, _trouble(outcome, meaning), now)
    if at_path(content, meaning.refused):
        raise _refusal(answer, "a recipient left out", content, meaning, Trouble.ADDRESS, now)
    proven = {TakenBy.STATUS: True, TakenBy.OUTCOME: outcome is not None, TakenBy.REFERENCE: bool(reference)}
    if not proven[meaning.taken_by]:
        raise TransportError(
            f"what answered {answer.status} is not that gateway: {body_words(answer.body)}", Trouble.GATEWAY
        )
    said = at_path(content, meaning.words)
    parts = (str(answer.status), outcome or "", "" if said is None else as_code(said))
    return Understood(
        str(reference) if reference else None, content, " ".join(part for part in parts if part)
    )


def at_path(content: JsonValue, paths: Paths) -> JsonValue:
    """What stands at the first of the paths where anything does."""
    for path in paths:
        place = content
        for step in path.split("."):
            match place:
                case dict():
                    place = place.get(step)
                case list():
                    place = (
                        place[int(step)]
                        if step.isascii() and step.isdigit() and int(step) < len(place)
                        else None
                    )
                case _:
                    place = None
        if place is not None:
            return place
    return None


def _content(body: bytes, meaning: AnswerMeaning) -> JsonValue:
    if meaning.format == "words":
        return cast(JsonValue, PARTS.split(body.decode("utf-8", "replace").strip())[:64])
    try:
        return cast(JsonValue, orjson.loads(body))
    except orjson.JSONDecodeError:
        return None


def _refused_with_status(
    answer: GatewayAnswer, outcome: str | None, content: JsonValue, meaning: AnswerMeaning, now: datetime
) -> TransportError:
    if outcome is not None and (listed := _listed(outcome, meaning)):
        return _refusal(answer, outcome, content, meaning, listed, now)
    if not meaning.outcome:
        return refusal_by_status(answer, now)
    trouble = trouble_of_status(answer.status)
    trouble = Trouble.OURS if trouble is Trouble.ADDRESS else trouble
    return _refusal(answer, outcome or str(answer.status), content, meaning, trouble, now)


def _refusal(
    answer: GatewayAnswer,
    code: str,
    content: JsonValue,
    meaning: AnswerMeaning,
    trouble: Trouble,
    now: datetime,
) -> TransportError:
    words = at_path(content, meaning.words)
    said = f"the gateway answered {code} {words if words else body_words(answer.body)}".rstrip()
    after = retry_after(answer.headers.get("Retry-After"), now) if trouble is Trouble.GATEWAY else None
    return TransportError(f"{said[:300]}{REMEDIES[trouble]}", trouble, after=after)


def _trouble(outcome: str, meaning: AnswerMeaning) -> Trouble:
    return _listed(outcome, meaning) or meaning.otherwise


def _listed(outcome: str, meaning: AnswerMeaning) -> Trouble | None:
    """A code that is listed in full counts before one that is listed by its beginning."""
    lists = ((meaning.no, Trouble.ADDRESS), (meaning.later, Trouble.GATEWAY), (meaning.ours, Trouble.OURS))
    for whole in (True, False):
        for codes, trouble in lists:
            if any(_same(outcome, str(code)) if whole else _begins(outcome, str(code)) for code in codes):
                return trouble
    return None


def is_in(outcome: str, codes: Codes) -> bool:
    return any(_same(outcome, str(code)) or _begins(outcome, str(code)) for code in codes)


def _same(outcome: str, code: str) -> bool:
    return outcome == code


def _begins(outcome: str, code: str) -> bool:
    return code.endswith("*") and outcome.startswith(code[:-1])


def as_code(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
