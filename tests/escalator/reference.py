"""The life of duties told a second time, naively: lists and dictionaries, everything looked at every time.

Invariant: written from DOMAIN.md and the words of the policy file, not from `decide`; it knows no drafts, no
plans and no effects, only what is owed by whom until when, who was called, and what has to happen next.
Whatever it and `decide` disagree on is a fault of one.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.directory import Directory
from shared.vocabulary import ReportKind
from tests.escalator.reference_policy import TASKS_ARE_ABOUT, Rule, end_of, moment_of, read, rules_for, span

Duty = dict[str, Any]
Task = dict[str, Any]


class Duties:
    """What is owed, and its clocks."""

    def __init__(self, text: str, directory: Directory) -> None:
        self.text, self.policy, self.directory = text, read(text), directory
        self.zone = ZoneInfo(self.policy["clock"]["timezone"])
        self.duties: list[Duty] = []
        self.tasks: dict[str, Task] = {}
        self.calls: set[tuple[str, str]] = set()
        """(person, purpose) of this fact."""
        self.follows: list[tuple[str, str | None]] = []
        """(event, task) that this fact brings about."""
        self.case: dict[str, Any] = {}
        self.accused: set[tuple[str, str]] = set()
        """(rule, unit): who may have to answer for something by now."""
        self.agreed = self.alone = False
        """A second person has agreed; one person alone grades the case, which forgives nothing."""
        self.absorbing = False
        """A duplicate is taken in: nothing that has passed already counts against anybody by it."""
        self.now = datetime.min.replace(tzinfo=UTC)
        self.number = 0

    # Who

    def head(self, unit: str | None) -> tuple[str, str] | None:
        while unit is not None:
            found = next(one for one in self.directory.units if one.id == unit)
            if found.head is not None:
                return self.holds(found.head), found.head
            unit = found.superior
        return None

    def holds(self, post: Any) -> str:
        return self.directory.holder_of(post, self.now).id

    def above(self, unit: str) -> str | None:
        return next(one.superior for one in self.directory.units if one.id == unit)

    def may_act(self, actor: str | None, unit: str) -> bool:
        """Whoever speaks for this one, or for one above it."""
        above: str | None = unit
        while above is not None and above != actor:
            above = self.above(above)
        return actor is not None and above == actor

    def in_charge(self, post: Any) -> Any:
        """Who stands for the post by portfolio: the smallest area, topic before kind before category."""
        matter, best, found = self.case, (0, 0), post
        path = self.directory.area_path(matter["area"])
        for one in self.directory.posts:
            if post not in (one.stands_for, one.id):
                continue
            about = 3 if matter["topic"] in one.topics else 2 if matter["kind"] in one.kinds else 0
            about = about or (1 if matter["category"] in one.categories else 0)
            depth = max((len(path) - path.index(code) for code in one.areas if code in path), default=0)
            if about and (not one.areas or depth) and (depth, about) > best:
                best, found = (depth, about), one.id
        return found

    def is_post(self, name: str) -> bool:
        return any(post.id == name for post in self.directory.posts)

    def people(
        self, names: list[str], duty: Duty | None = None, task: Task | None = None
    ) -> list[tuple[str, str]]:
        """(post, person) of everybody an audience means, each person once."""
        found: list[tuple[str, str]] = []
        for name in names:
            owing = duty["unit"] if duty else self.case["holder"]
            units = {
                "unit_head": owing,
                "holder_head": self.case["holder"],
                "reporter_head": self.case["unit"],
                "assigner": task["assigner"] if task else self.case["unit"],
                "superior_head": self.above(owing),
            }
            if self.is_post(name):
                found.append((self.in_charge(name), self.holds(self.in_charge(name))))
            elif name in ("owner", "bearer"):
                found += [(duty["post"], duty["bearer"])] if duty else []
            elif name in units:
                head = self.head(units[name])
                found += [(head[1], head[0])] if head else []
            else:
                named = [self.in_charge(post) for post in self.policy["audiences"].get(name, [])]
                found += [(post, self.holds(post)) for post in named]
        once: dict[str, tuple[str, str]] = {}
        for post, person in found:
            once.setdefault(person, (post, person))
        return list(once.values())

    def unit_meant(self, by: str, task: Task | None) -> str | None:
        offer = task["transfer"] if task else self.case["transfer"]
        match by:
            case "unit":
                return self.case["unit"]
            case "holder":
                return self.case["holder"]
            case "assignee":
                return task["unit"] if task else self.case["holder"]
            case "assigner":
                return task["assigner"] if task else self.case["unit"]
            case "asked":
                return offer["to"] if offer and not offer["superior"] else None
            case "superior":
                return (offer and offer["superior"]) or self.above(
                    task["unit"] if task else self.case["holder"]
                )
            case "competent":
                kind = ReportKind.INCIDENT if self.case["kind"] == "opinion" else self.case["kind"]
                found = self.directory.competent_unit(
                    kind, self.case["category"], self.case["topic"], self.case["area"]
                )
                return found.unit.id if found else self.case["unit"]
            case post:
                return next(one.unit for one in self.directory.posts if one.id == self.in_charge(post))

    # What the policy says

    def rules(self) -> dict[str, Rule]:
        return rules_for(
            self.text,
            tuple((key, self.case[key]) for key in ("kind", "category", "topic", "level", "sensitive")),
        )

    # A duty opens

    def open_on(self, event: str, task: Task | None, at: datetime | None = None) -> None:
        prefix, _, done = event.partition(".")
        for rule in self.rules().values():
            again = (
                prefix == "discharged"
                and rule["name"] == done
                and rule["again"]
                and self.case["status"] == "open"
            )
            if again:
                self.open(rule, self.now, None)
        for rule in self.rules().values():
            if event not in rule["on"]:
                continue
            counts_from = at or self.now
            if rule["starts"] == "start" and event != "reopened":
                counts_from = self.case["start"]
            if rule["starts"] == "received_at" and event != "reopened":
                counts_from = self.case["opened"]
            if task is not None and (rule["scope"] == "task" or rule["by"] in TASKS_ARE_ABOUT):
                self.open(rule, counts_from, task)
            elif rule["scope"] == "case":
                self.open(rule, counts_from, None)

    def open(self, rule: Rule, start: datetime, task: Task | None, only: set[str] | None = None) -> None:
        """Once for what opens it; not where what ends it has happened."""
        if self.case["status"] in rule["until"]:
            return
        owed = [one for one in self.duties if one["rule"] == rule["name"] and is_owed(one)]
        due = task["due"] if task and rule["given"] else end_of(rule["within"], start, self.zone)
        if self.absorbing and due <= self.now:
            start, due = self.now, end_of(rule["within"], self.now, self.zone)
        if rule["by"] == "recipient":
            for post, person in self.people(rule["to"]):
                is_owed_it = any(one["bearer"] == person for one in owed)
                if not is_owed_it and (only is None or person in only):
                    self.lay(rule, start, due, None, self.case["unit"], person, post)
            return
        if any(task is None or one["task"] == task["id"] for one in owed):
            return
        unit = self.unit_meant(rule["by"], task)
        if unit is None:
            return
        found = self.head(unit)
        owed_to = self.people(rule["to"], None, task)
        person, post = found or (
            (owed_to[0][1], owed_to[0][0]) if owed_to else (self.holds(self.directory.posts[0].id), "nobody")
        )
        if self.is_post(rule["by"]):
            post = self.in_charge(rule["by"])
            person = self.holds(post)
        if rule["by"] == "assignee" and task and task["owner"]:
            person = task["owner"]
        duty_post = next(one.duty_post for one in self.directory.units if one.id == unit)
        if rule["through"] == "duty_post" and duty_post:
            person, post = self.holds(duty_post), duty_post
        self.lay(rule, start, due, task, unit, person, post)

    def lay(
        self, rule: Rule, start: datetime, due: datetime, task: Task | None, unit: str, person: str, post: str
    ) -> None:
        duty: Duty = {
            **{
                "rule": rule["name"],
                "says": rule,
                "task": task["id"] if task else None,
                "unit": unit,
                "bearer": person,
                "post": post,
            },
            **{"state": "open", "start": start, "opened": self.now, "due": due, "granted": timedelta(0)},
            **{
                "lits": [],
                "chain": [self.in_charge(post) for post in rule["chain"]],
                "next": None,
                "nag": None,
                "taken": None,
                "slip": None,
            },
            **{
                "snooze": None,
                "snoozes": 0,
                "paused": None,
                "paused_until": None,
                "lapse": None,
                "done": None,
            },
        }
        self.plan_ahead(duty)
        self.duties.append(duty)
        self.goes_by(rule)
        if rule["calls"]:
            self.call(duty, person, post, "report" if rule["by"] == "recipient" else "duty")
            duty["next"] = self.now + span(rule["wait"]) if rule["wait"] and duty["chain"] else None

    def goes_by(self, rule: Rule) -> None:
        """All duties of the rule are as it reads now."""
        for duty in self.duties:
            if duty["rule"] == rule["name"]:
                duty["says"] = rule

    def plan_ahead(self, duty: Duty) -> None:
        """Reminders still to come before the limit, and what follows after it."""
        rule = duty["says"]
        found = [
            (moment_of(text, duty["start"], duty["due"], self.zone), slip) for text, slip in rule["remind"]
        ]
        duty["reminders"] = sorted(one for one in found if self.now < one[0] < duty["due"])
        duty["overdue"] = [(end_of(text, duty["due"], self.zone), names) for text, names in rule["overdue"]]

    # Somebody is called

    def call(self, duty: Duty, person: str, post: str, purpose: str) -> None:
        self.calls.add((person, purpose))
        theirs = [
            address.channel
            for address in next(one for one in self.directory.people if one.id == person).channels
        ]
        wanted = [channel for channel in duty["says"]["channels"] if channel in theirs] or theirs
        lit = {
            "person": person,
            "post": post,
            "call": (self.number, person, purpose),
            "at": self.now,
            "channels": wanted,
        }
        duty["lits"].append(
            lit
            | {"dark": None, "answered": None, "failed": [], "delivered": [], "handed": None, "lost": set()}
        )

    def call_again(self, duty: Duty, purpose: str, chain: list[str] | None = None) -> None:
        duty["lits"] = [lit for lit in duty["lits"] if lit["person"] != duty["bearer"]]
        self.call(duty, duty["bearer"], duty["post"], purpose)
        if chain is not None:
            duty["chain"] = list(chain)
            duty["next"] = self.now + span(duty["says"]["wait"]) if duty["says"]["wait"] and chain else None

    def wait_is_over(self, duty: Duty) -> None:
        """It counts from when the call was handed over to a channel, if that took longer than a moment."""
        last = duty["lits"][-1] if duty["lits"] else None
        if last and last["handed"] and last["handed"] - last["at"] > timedelta(seconds=2):
            until = last["handed"] + span(
                duty["says"]["wait" if last["person"] == duty["bearer"] else "step"]
            )
            if until > self.now:
                duty["next"] = until
                return
        self.light_next(duty)

    def light_next(self, duty: Duty) -> None:
        if duty["lits"] and duty["lits"][-1]["answered"] is None:
            duty["lits"][-1]["dark"] = duty["lits"][-1]["dark"] or self.now
        while duty["chain"]:
            post = duty["chain"].pop(0)
            person = self.holds(post)
            if all(lit["person"] != person for lit in duty["lits"]):
                self.light(duty, person, post)
                return
        duty["next"] = None

    def light(self, duty: Duty, person: str, post: str) -> None:
        """Not called where they know of this case already, or have been called about it within the time each
        contact is given.
        """
        step = span(duty["says"]["step"])
        known = [lit for one in self.duties for lit in one["lits"] if lit["person"] == person]
        answered = [lit for lit in known if lit["answered"]]
        latest = max((lit["at"] for lit in known), default=None)
        last = [lit for lit in known if lit["at"] == latest]
        if answered:
            duty["lits"].append(max(answered, key=lambda lit: lit["at"]) | {"post": post, "at": self.now})
            duty["next"], duty["taken"] = None, duty["taken"] or person
        elif latest is not None and latest + step > self.now and not any(lit["dark"] for lit in last):
            duty["lits"].append(last[0] | {"post": post})
            duty["next"] = self.now + step
        else:
            self.call(duty, person, post, "fallback")
            duty["next"] = self.now + step

    # A duty ends

    def discharge(self, duty: Duty) -> None:
        if duty["paused"]:
            self.resume(duty, self.now)
        duty["state"] = "discharged" if duty["state"] == "open" else "lapsed_discharged"
        duty["done"] = self.now
        forget(duty)
        self.follows.append((f"discharged.{duty['rule']}", duty["task"]))

    def settle_taken(self) -> None:
        """Whoever of the chain has answered has taken the report; the person who was not reached is told."""
        for duty in self.owed():
            rule = duty["says"]
            if duty["taken"] and rule["by"] == "recipient" and rule["stand_in"] == "settles":
                self.discharge(duty)
                duty["logged_by"] = None
                self.calls.add((duty["bearer"], "inform"))

    def cancel(self, duty: Duty) -> None:
        duty["state"] = "cancelled"
        forget(duty)

    def owed(self) -> list[Duty]:
        return [duty for duty in self.duties if is_owed(duty)]

    def resume(self, duty: Duty, at: datetime) -> None:
        """Everything still ahead comes as much later as the clock stood still; so does the limit, where it
        had not passed.
        """
        stood = at - duty["paused"]
        duty["paused"] = duty["paused_until"] = None
        for name in ("next", "nag", "snooze"):
            duty[name] = duty[name] + stood if duty[name] else None
        duty["reminders"] = [(moment + stood, slip) for moment, slip in duty["reminders"]]
        duty["overdue"] = [(moment + stood, names) for moment, names in duty["overdue"]]
        if duty["state"] == "open":
            task = self.tasks.get(duty["task"])
            if task and duty["says"]["given"] and task["due"] == duty["due"]:
                task["due"] += stood
            duty["due"] += stood
            duty["granted"] += stood


def is_owed(duty: Duty) -> bool:
    return duty["state"] in ("open", "lapsed")


def forget(duty: Duty) -> None:
    duty |= {
        "next": None,
        "nag": None,
        "snooze": None,
        "paused": None,
        "paused_until": None,
        "reminders": [],
        "overdue": [],
    }
