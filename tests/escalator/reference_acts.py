"""The reference model of one case: its report, answers to it, its end, its level, and what people do to its
clocks.

Invariant: an act that may not be changes nothing; `fact` says whether it counted. Who has standing is not its
matter: that is told to it, and has tests of its own.
"""

from datetime import datetime
from typing import Any

from shared.facts import Absorbed, Acknowledgement, CaseAct, Report
from shared.vocabulary import Kind
from tests.escalator.reference import Duty, is_owed
from tests.escalator.reference_policy import end_of, span
from tests.escalator.reference_tasks import HANDING_OVER, Tasks

REPORTED = {"reported", "reported.outside"}
ENDED = ("closed", "withdrawn", "merged")
SAID_AFTER_THE_END = (Kind.FOLLOWED_UP, Kind.FILED, Kind.REOPENED, Kind.CONTESTED)
LESSENING = (Kind.CLOSED, Kind.WITHDRAWN, Kind.REGRADED)
LEVELS = ("I", "II", "III", "IV")
KEPT = 3


class Model(Tasks):
    """One case, from its report on."""

    def fact(self, kind: Kind, now: datetime, number: int, data: Any, *, standing: bool = True) -> bool:
        """What the fact stored as `number` makes of the case; False for an act that is refused."""
        self.now, self.number = now, number
        self.calls, self.follows, self.absorbing, self.kept = set(), [], False, False
        counted, event, actor, task = True, str(kind), None, None
        match kind:
            case Kind.REPORTED:
                self.reported(data)
                event = ""
            case Kind.DUE:
                self.clock_strikes()
                event = ""
            case Kind.ACKNOWLEDGED:
                self.limits_pass()
                counted = standing
                if standing:
                    self.answered(data)
            case Kind.ABSORBED:
                self.limits_pass()
                self.absorbed(data)
                event = ""
            case Kind.DELIVERED | Kind.FAILED:
                self.outcome(*data, failed=kind is Kind.FAILED)
                event = ""
            case _:
                self.limits_pass()
                counted = standing and self.act(kind, data)
                actor, task = (data.by.principal, data.by.unit), data.task
                event = f"filed.{data.document}" if kind is Kind.FILED and data.document else event
        self.settle_taken()
        if counted and event and not self.kept:
            self.happened(event, task, actor)
        self.what_follows()
        if kind not in (Kind.DELIVERED, Kind.FAILED):
            self.limits_pass()
        self.what_follows()
        self.let_go()
        self.let_ending_go()
        return counted

    def what_follows(self) -> None:
        while self.follows:
            event, task = self.follows.pop(0)
            if "." not in event:
                self.happened(event, task, None)
            else:
                self.open_on(event, self.tasks.get(task or ""))

    def happened(self, event: str, task: str | None, actor: tuple[str, str | None] | None) -> None:
        """It is the doing of some duties, ends others, and opens others again."""
        before, self.follows = self.follows, []
        names = {event, event.partition(".")[0]}
        for duty in self.owed() if event != "acknowledged" else []:
            rule = duty["says"]
            is_theirs = duty["task"] == task or (duty["task"] is None and not HANDING_OVER & set(rule["on"]))
            may = actor is None or actor[0] == duty["bearer"] or self.may_act(actor[1], duty["unit"])
            if rule["by"] != "recipient" and names & set(rule["discharged_by"]) and is_theirs and may:
                self.discharge(duty)
        for duty in self.owed():
            if names & set(duty["says"]["until"]) and (duty["task"] is None or task in (None, duty["task"])):
                self.cancel(duty)
        self.open_on(event, self.tasks.get(task or ""))
        self.follows = before + self.follows

    def let_go(self) -> None:
        """Of what comes again and again the last few that were done in time are kept."""
        for rule in {duty["rule"] for duty in self.duties if duty["says"]["again"]}:
            done = [
                duty
                for duty in self.duties
                if duty["rule"] == rule and not is_owed(duty) and duty["lapse"] is None
            ]
            self.duties = [duty for duty in self.duties if not any(duty is one for one in done[:-KEPT])]

    # The report, and answers to it

    def reported(self, report: Report) -> None:
        self.case = {
            **{
                "kind": str(report.kind),
                "category": report.category,
                "topic": report.topic,
                "area": report.area,
                "unit": report.unit,
            },
            **{
                "level": report.level,
                "sensitive": report.sensitive,
                "start": report.learned_at,
                "opened": self.now,
                "status": "open",
            },
            **{"holder": report.unit, "held": [(report.unit, "reported")], "transfer": None, "bounces": 0},
        }
        self.merged: list[str] = []
        self.ending: dict[str, Any] | None = None
        self.logged: list[dict[str, Any]] = []
        self.witness = self.case["kind"] == "opinion"
        self.open_on("reported", None)
        if self.witness:
            self.open_on("reported.outside", None)
        self.make_tasks(report.tasks, report.unit)

    def answered(self, said: Acknowledgement) -> None:
        means = "logged_call" if said.via == "logged_call" else "acknowledged"
        settled: list[Duty] = []
        for duty in list(self.duties):
            lit = next(
                (lit for lit in duty["lits"] if lit["person"] == said.person and lit["answered"] is None),
                None,
            )
            if lit:
                lit["answered"] = self.now
            if not is_owed(duty):
                continue
            if duty["bearer"] == said.person:
                if means in duty["says"]["discharged_by"]:
                    self.discharge(duty)
                    duty["logged_by"] = said.by.principal if means == "logged_call" else None
                    settled.append(duty)
                elif duty["says"]["by"] != "recipient" and lit:
                    duty["next"] = None
            elif lit:
                duty["next"], duty["taken"] = None, duty["taken"] or said.person
                settled.append(duty)
                self.settle_taken()
                if means == "logged_call" and not is_owed(duty):
                    duty["logged_by"] = said.by.principal
                duty["told_now"] = True
        if means == "logged_call":
            self.logged.append(
                {
                    "person": said.person,
                    "at": self.now,
                    "duties": settled,
                    "answered": False,
                    "contested": False,
                }
            )
            self.calls |= (
                {(str(said.person), "called")} if settled and said.by.principal != said.person else set()
            )
        else:
            for call in self.logged:
                call["answered"] = call["answered"] or call["person"] == said.person

    def outcome(
        self, call: tuple[int, str, str], channel: str, state: str | None = None, *, failed: bool
    ) -> None:
        """`state`: what the gateway says later, or that the link was opened."""
        if state == "opened":
            return
        for duty in list(self.duties):
            for lit in list(duty["lits"]):
                if lit["call"] != call:
                    continue
                if state == "undelivered":
                    lit["delivered"] = [one for one in lit["delivered"] if one != channel]
                    lit["handed"] = lit["handed"] if lit["delivered"] else None
                    lit["lost"] = {*lit["lost"], channel}
                if state == "arrived" and channel in lit["lost"]:
                    lit["lost"] = lit["lost"] - {channel}
                    lit["failed"] = [one for one in lit["failed"] if one != channel]
                if not failed and channel in lit["lost"]:
                    continue
                if not failed and not lit["delivered"]:
                    lit["dark"], lit["handed"] = lit["dark"] if lit["handed"] else None, self.now
                known = lit["failed" if failed else "delivered"]
                lit["failed" if failed else "delivered"] = known if channel in known else [*known, channel]
                unreachable = failed and not lit["delivered"] and set(lit["channels"]) <= set(lit["failed"])
                waiting = is_owed(duty) and duty["next"] and not duty["paused"] and not duty["snooze"]
                if unreachable and waiting and lit is duty["lits"][-1] and lit["dark"] is None:
                    self.light_next(duty)

    # Acts

    def act(self, kind: Kind, act: CaseAct) -> bool:
        if self.case["status"] in ENDED and kind not in SAID_AFTER_THE_END:
            return False
        if kind in LESSENING and self.takes_two(kind, act) and self.is_possible(kind, act):
            return self.waits(kind, act)
        doing = getattr(self, f"do_{kind}", None)
        return doing is None or doing(act) is not False

    def enter(self, to: str, *before: str) -> bool:
        if self.case["status"] not in before:
            return False
        self.case["status"] = to
        return True

    def do_resolved(self, _: CaseAct) -> bool:
        return self.enter("resolved", "open")

    def do_closed(self, act: CaseAct) -> bool:
        if any(task["state"] not in ("verified", "cancelled") for task in self.tasks.values()):
            return False
        if not self.enter("closed", "open", "resolved"):
            return False
        self.case["transfer"] = None
        for duty in self.owed():
            may = act.by.principal == duty["bearer"] or self.may_act(act.by.unit, duty["unit"])
            if "closed" in duty["says"]["discharged_by"] and may:
                self.discharge(duty)
        for duty in self.owed():
            self.cancel(duty)
        return True

    def do_withdrawn(self, _: CaseAct) -> bool:
        if not self.enter("withdrawn", "open", "resolved"):
            return False
        self.case["transfer"] = None
        self.calls |= {(lit["person"], "withdrawn") for duty in self.duties for lit in duty["lits"]}
        for task in self.tasks.values():
            if task["state"] != "verified":
                task |= {"state": "cancelled", "transfer": None}
        for duty in self.owed():
            self.cancel(duty)
        return True

    def do_reopened(self, _: CaseAct) -> bool:
        return self.enter("open", "resolved", "closed")

    # Two people

    def is_grave(self) -> bool:
        return self.case["sensitive"] or self.case["level"] in ("I", "II")

    def graded(self, act: CaseAct) -> tuple[Any, bool]:
        return act.level or self.case["level"], self.case[
            "sensitive"
        ] if act.sensitive is None else act.sensitive

    def takes_two(self, kind: Kind, act: CaseAct) -> bool:
        """A grave case that somebody has not answered, unless it is made no less of."""
        was, (level, sensitive) = self.case["level"], self.graded(act)
        less = (self.case["sensitive"] and not sensitive) or (was and LEVELS.index(level) > LEVELS.index(was))
        unanswered = [
            duty
            for duty in self.duties
            if duty["says"]["by"] == "recipient"
            and (is_owed(duty) or stood_in(duty) or duty.get("logged_by") == act.by.principal)
        ]
        return self.is_grave() and bool(unanswered) and (kind is not Kind.REGRADED or bool(less))

    def is_possible(self, kind: Kind, act: CaseAct) -> bool:
        if kind is Kind.CLOSED:
            return all(task["state"] in ("verified", "cancelled") for task in self.tasks.values())
        return kind is not Kind.REGRADED or self.graded(act) != (self.case["level"], self.case["sensitive"])

    def waits(self, kind: Kind, act: CaseAct) -> bool:
        """Kept, and the head of the unit above is asked; the same said again changes nothing."""
        asked: dict[str, Any] = {
            "kind": kind,
            "by": act.by,
            "said": (act.text, act.level, act.sensitive, act.into),
            "act": act,
        }
        asked["grade"] = (self.case["level"], self.case["sensitive"])
        if self.ending and {**self.ending, "number": 0, "act": act} == {**asked, "number": 0}:
            return False
        self.ending, self.kept = asked | {"number": self.number}, True
        above: list[str] = []
        unit = self.above(self.case["holder"])
        while unit is not None:
            above.append(unit)
            unit = self.above(unit)
        heads = [head for one in [*above, *self.whole_city()] if (head := self.head(one))]
        self.calls.add(
            (next((person for person, _ in heads if person != act.by.principal), heads[0][0]), "second")
        )
        return True

    def whole_city(self) -> list[str]:
        return [unit.id for unit in self.directory.units if unit.whole_city]

    def do_seconded(self, act: CaseAct) -> bool:
        ending = self.ending
        if ending is None or act.by.principal == ending["by"].principal:
            return False
        if act.approve is False:
            self.ending = None
            return True
        kind, asked = ending["kind"], ending["act"]
        if not self.is_possible(kind, asked):
            return False
        self.ending, self.agreed = None, True
        assert getattr(self, f"do_{kind}")(asked) is not False
        self.agreed = False
        self.happened(str(kind), None, (asked.by.principal, asked.by.unit))
        purpose = "withdrawn" if kind is Kind.WITHDRAWN else "ended"
        self.calls |= {(lit["person"], purpose) for duty in self.duties for lit in duty["lits"]}
        return True

    def let_ending_go(self) -> None:
        """What waits does so for as long as the case is what it was, and somebody has not answered."""
        ending = self.ending
        if ending is None or ending["number"] == self.number:
            return
        same = (
            ending["grade"] == (self.case["level"], self.case["sensitive"])
            and self.case["status"] not in ENDED
        )
        if not same or not self.takes_two(ending["kind"], ending["act"]):
            self.ending = None

    def do_contested(self, act: CaseAct) -> bool:
        """As if the calls written down had never been."""
        who = act.to_person or act.by.principal
        calls = [
            call
            for call in self.logged
            if call["person"] == who and not call["contested"] and not call["answered"]
        ]
        for call in calls:
            call["contested"] = True
            if self.case["status"] not in ENDED:
                for duty in self.duties:
                    by_it = any(
                        lit["person"] == who and lit["answered"] == call["at"] for lit in duty["lits"]
                    )
                    if by_it or any(duty is one for one in call["duties"]):
                        self.undo(call, duty, who)
        return bool(calls)

    def undo(self, call: dict[str, Any], duty: Duty, who: str) -> None:
        wait = span(duty["says"]["wait"]) if duty["says"]["wait"] else None
        known_before = duty["taken"] == who and duty["done"] and not duty.get("told_now")
        if (duty["done"] == call["at"] and duty.get("logged_by")) or known_before:
            duty["taken"] = None if duty["taken"] == who else duty["taken"]
            duty |= {"state": "lapsed" if duty["lapse"] else "open", "done": None, "logged_by": None}
            self.plan_ahead(duty)
            duty["overdue"] = [one for one in duty["overdue"] if one[0] > call["at"]]
            nag = duty["says"]["nag"]
            duty["nag"] = self.now + span(nag) if nag and duty["lapse"] else None
        elif is_owed(duty) and duty["taken"] == who:
            duty["taken"] = None
        else:
            return
        duty["next"] = self.now + wait if wait is not None and duty["chain"] else None
        for lit in duty["lits"]:
            if lit["person"] == who and lit["answered"] == call["at"]:
                lit["answered"] = None

    # Clocks and levels

    def meant(self, act: CaseAct) -> list[Duty]:
        """The act names no duty in these histories: all that are owed, of the task it names if it names
        one.
        """
        return [duty for duty in self.owed() if act.task in (None, duty["task"])]

    def do_snoozed(self, act: CaseAct) -> bool:
        who, longest = act.to_person or act.by.principal, span(self.policy["snooze"]["up_to"])
        theirs = [
            duty
            for duty in self.meant(act)
            if who in [duty["bearer"], *(lit["person"] for lit in duty["lits"])]
        ]
        theirs = [duty for duty in theirs if duty["snoozes"] < self.policy["snooze"]["times"]]
        if act.span is None or act.span > longest or not theirs:
            return False
        for duty in theirs:
            wait = span(duty["says"]["wait"]) if duty["says"]["wait"] else None
            duty |= {"snooze": self.now + act.span, "snoozes": duty["snoozes"] + 1}
            duty["next"] = duty["snooze"] + wait if duty["next"] and wait is not None else None
        return True

    def do_paused(self, act: CaseAct) -> bool:
        longest = end_of(self.policy["pause"]["up_to"], self.now, self.zone)
        until = self.now + act.span if act.span else longest
        if (
            act.by.role not in self.policy["pause"]["by"]
            or not act.text
            or until > longest
            or not self.meant(act)
        ):
            return False
        for duty in self.meant(act):
            if not duty["paused"]:
                duty |= {"paused": self.now, "paused_until": until}
        return True

    def do_resumed(self, act: CaseAct) -> bool:
        paused = [duty for duty in self.meant(act) if duty["paused"]]
        for duty in paused:
            self.resume(duty, min(self.now, duty["paused_until"]))
        return bool(paused)

    def do_regraded(self, act: CaseAct) -> bool:
        level = self.case["level"] if act.level is None else act.level
        sensitive = self.case["sensitive"] if act.sensitive is None else act.sensitive
        if (level, sensitive) == (self.case["level"], self.case["sensitive"]):
            return False
        was, old = set(self.rules()), self.case["level"]
        up = bool(sensitive and not self.case["sensitive"]) or (
            old is not None and level is not None and LEVELS.index(level) < LEVELS.index(old)
        )
        self.case |= {"level": level, "sensitive": sensitive}
        self.alone = not self.agreed and not up
        self.work_out_again(was)
        self.alone = False
        return True

    def absorbed(self, said: Absorbed) -> None:
        """A duplicate was merged into this case, which goes on, or again, from the earlier start and at the
        graver level.
        """
        if said.case in self.merged:
            return
        self.merged.append(said.case)
        if self.case["status"] in ENDED:
            self.case["status"] = "open"
            self.follows.append(("reported", None))
        self.absorbing = True
        was, start = set(self.rules()), self.case["start"]
        levels = [level for level in (self.case["level"], said.level) if level]
        now = {
            "start": min(start, said.starts_at),
            "level": min(levels, key=LEVELS.index, default=None),
            "sensitive": self.case["sensitive"] or said.sensitive,
        }
        if any(self.case[name] != value for name, value in now.items()):
            self.case |= now
            self.work_out_again(was, start)

    def work_out_again(self, was: set[str], began: datetime | None = None) -> None:
        """Every open duty by the case as it is now; `was`: the rules that were about it before, `began`:
        where its clocks began.
        """
        triggers = REPORTED if self.witness else {"reported"}
        by_report = {rule["name"] for rule in self.rules().values() if triggers & set(rule["on"])}
        for duty in self.owed():
            rule = self.rules().get(duty["rule"])
            if (
                rule is None
                and duty["rule"] in was
                and triggers & set(duty["says"]["on"])
                and duty["state"] == "open"
                and not self.absorbing
                and not self.alone
            ):
                duty["ungraded"] = True
                self.cancel(duty)
            elif rule is not None and duty["task"] is None and duty["state"] == "open" and rule["within"]:
                is_from_start = (
                    began
                    and triggers & set(rule["on"])
                    and rule["starts"] == "start"
                    and duty["start"] == began
                )
                self.read_again(duty, rule, self.case["start"] if is_from_start else duty["start"])
        for rule in self.rules().values():
            known = [
                duty for duty in self.duties if duty["rule"] == rule["name"] and not duty.get("ungraded")
            ]
            if rule["name"] not in by_report:
                continue
            from_start = {"start": self.case["start"]}.get(rule["starts"], self.case["opened"])
            start = from_start if self.absorbing else self.now
            if not known:
                self.open(rule, start, None)
            elif rule["by"] == "recipient":
                recipients = {person for _, person in self.people(rule["to"])}
                for duty in known:
                    if (
                        duty["bearer"] not in recipients
                        and duty["state"] == "open"
                        and not (self.absorbing or self.alone)
                    ):
                        duty["ungraded"] = True
                        self.cancel(duty)
                self.open(rule, start, None, recipients - {duty["bearer"] for duty in known})
        self.limits_pass()

    def read_again(self, duty: Duty, rule: dict[str, Any], start: datetime) -> None:
        """From the original start, with what people have granted on top, but a term that would have ended
        already begins now; by a merge never later, nor so early that it has passed.
        """
        due = end_of(rule["within"], start, self.zone) + duty["granted"]
        if start == duty["start"] and due <= self.now < duty["due"]:
            due = min(duty["due"], end_of(rule["within"], self.now, self.zone))
        if self.alone and due > duty["due"]:
            return
        self.goes_by(rule)
        if self.absorbing and not self.now < due <= duty["due"]:
            return
        duty["start"] = start
        if due != duty["due"]:
            duty["due"] = due
            self.plan_ahead(duty)


def stood_in(duty: Duty) -> bool:
    """A contact of the chain has answered, and the person whom it is owed to has not."""
    return bool(duty["taken"]) and not any(
        lit["person"] == duty["bearer"] and lit["answered"] for lit in duty["lits"]
    )


__all__ = ["Model"]
