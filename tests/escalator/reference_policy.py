"""The policy file read a second time, as plainly as it is written: dictionaries and strings, nothing of the
service's own reading.

Invariant: knows only what the file and DOMAIN.md say; it is slow and simple so that one can see that it is
right.
"""

import re
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

import chinese_calendar
import yaml

TASKS_ARE_ABOUT = ("assignee", "assigner", "asked", "superior")
Rule = dict[str, Any]


class _Words(yaml.SafeLoader):
    """`on`, `no` and dates are words."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base has it
        first: [(tag, form) for tag, form in forms if not tag.endswith("timestamp")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
        if first not in "oOyYnN"
    }


@cache
def read(text: str) -> dict[str, Any]:
    return yaml.load(text, Loader=_Words)


@cache
def rules_for(text: str, matter: tuple[tuple[str, Any], ...]) -> dict[str, Rule]:
    """Every rule that is about such a matter, by name, in the order of the file."""
    policy = read(text)
    found = {name: rule_for(policy, name, dict(matter)) for name in policy["duties"]}
    return {name: rule for name, rule in found.items() if rule is not None}


def rule_for(policy: dict[str, Any], name: str, matter: dict[str, Any]) -> Rule | None:
    """The rule as it reads for this matter; None where it is not about such a matter."""
    written = policy["duties"]
    family = [name]
    while "extends" in written[family[0]]:
        family.insert(0, written[family[0]]["extends"])
    found: Rule = {}
    for one in family:
        found |= written[one]
    matter = matter | {"gravity": gravity_of(policy, matter)}
    if not fits(found.get("when", {}), matter):
        return None
    for one in family:
        found |= {key: value for key, value in written[one].items() if key != "variants"}
        for variant in written[one].get("variants", []):
            if fits(variant["when"], matter):
                found |= variant
    return _in_full(policy, name, found, matter)


def gravity_of(policy: dict[str, Any], matter: dict[str, Any]) -> str:
    weights = {matter["level"], "sensitive" if matter["sensitive"] else None}
    table = policy["gravity"]
    return next((word for word in ("grave", "serious") if weights & set(table[word])), "ordinary")


def _in_full(policy: dict[str, Any], name: str, found: Rule, matter: dict[str, Any]) -> Rule:
    on = many(found.get("on", []))
    chain: dict[str, Any] = look_up(policy, found.get("fallback"), matter) or {}
    overdue: dict[str, list[str]] = look_up(policy, found.get("overdue"), matter) or {}
    terms = [one for text in many(found.get("remind", [])) for one in many(look_up(policy, text, matter))]
    slips = found.get("slips", [])
    within = look_up(policy, found.get("within"), matter)
    reminders = [(text, slips[number] if number < len(slips) else None) for number, text in enumerate(terms)]
    return {
        "name": name,
        "on": on,
        "by": found["by"],
        "to": [one for text in many(found.get("to", [])) for one in many(look_up(policy, text, matter))],
        "within": within,
        "given": found.get("due") == "given",
        "starts": found.get("starts", "start" if on and on[0].startswith("reported") else "event"),
        "remind": reminders,
        "overdue": list(overdue.items()),
        "discharged_by": [
            one
            for text in many(found.get("discharged_by", []))
            for one in many(look_up(policy, text, matter))
        ],
        "until": many(found.get("until", ["closed", "withdrawn", "merged"])),
        "wait": chain.get("after"),
        "chain": chain.get("chain", []),
        "step": chain.get("step"),
        "again": found.get("again", False),
        "cause": found.get("cause"),
        "stand_in": found.get("stand_in", "settles"),
        "nag": found.get("nag"),
        "calls": found.get("calls", found["by"] == "recipient"),
        "scope": found.get("scope", "case"),
        "through": found.get("through", "head"),
        "channels": many(look_up(policy, found.get("channels", "@half_hour.channels"), matter)),
    }


def many(value: Any) -> list[Any]:
    return list(cast(list[Any], value)) if isinstance(value, (list, tuple)) else [value]


def look_up(policy: dict[str, Any], text: Any, matter: dict[str, Any]) -> Any:
    """`@levels.{level}.report` is what stands there; anything else is itself."""
    if not isinstance(text, str) or not text.startswith("@"):
        return text
    value: Any = policy
    for part in text[1:].format_map({key: str(value) for key, value in matter.items()}).split("."):
        value = value[part]
    return value


def fits(when: dict[str, Any], matter: dict[str, Any]) -> bool:
    for key, wanted in when.items():
        have = matter[key]
        if key == "sensitive":
            if have is not wanted:
                return False
        elif ("none" if have is None else have) not in many(wanted):
            return False
    return True


_FIXED = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def span(text: str) -> timedelta:
    match = _FIXED.fullmatch(text)
    if match is None:
        assert text == "PT0S", text
        return timedelta(0)
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def end_of(text: str, start: datetime, zone: ZoneInfo) -> datetime:
    """When a term that starts at `start` is over: `PT30M`, `P5WD` working days, `P1M`."""
    local = start.astimezone(zone)
    if text.endswith("WD"):
        day, left = local, int(text[1:-2])
        while left:
            day += timedelta(days=1)
            left -= chinese_calendar.is_workday(day.date())
        return day.astimezone(start.tzinfo)
    if re.fullmatch(r"P\d+M", text):
        year, month = divmod(local.month - 1 + int(text[1:-1]), 12)
        return local.replace(year=local.year + year, month=month + 1).astimezone(start.tzinfo)
    return start + span(text)


def moment_of(text: str, start: datetime, due: datetime, zone: ZoneInfo) -> datetime:
    """A reminder: a share of the term, so long before its end, or counted from its start."""
    if text.startswith("before "):
        return due - span(text.removeprefix("before "))
    return start + (due - start) * int(text[:-1]) / 100 if text.endswith("%") else end_of(text, start, zone)
