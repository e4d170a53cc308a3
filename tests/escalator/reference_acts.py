"""What people do to a case, told naively: the second half of the reference model.

Invariant: an act that may not be changes nothing; `fact` says whether it counted.
"""

from datetime import datetime
from typing import Any

from shared.facts import Acknowledgement, CaseAct, Report
from shared.vocabulary import Kind
from tests.escalator.reference import ENDED, SAID_AFTER_THE_END, Duties, Duty, Task, is_owed
from tests.escalator.reference_policy import end_of, span

REPORTED = {"reported", "reported.outside"}
HANDING_OVER = {"transferred", "bounced"}
KEPT = 3


class Model(Duties):
    """One case, from its report on."""

    def fact(self, kind: Kind, now: datetime, number: int, data: Any) -> bool:
        """What the fact stored as `number` makes of the case; False for an act that is refused."""
        self.now, self.number = now, number
        self.calls, self.follows = set(), []
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
                self.answered(data)
            case Kind.DELIVERED | Kind.FAILED:
                self.outcome(*data, failed=kind is Kind.FAILED)
                event = ""
            case _:
                self.limits_pass()
                counted = self.act(kind, data)
                actor, task = (data.by.principal, data.by.unit), data.task
                event = f"filed.{data.document}" if kind is Kind.FILED and data.document else event
        if counted and event:
            self.happened(event, task, actor)
        while self.follows:
            event, task = self.follows.pop(0)
            if "." not in event:
                self.happened(event, task, None)
            else:
                self.open_on(event, self.tasks.get(task or ""))
        if kind not in (Kind.DELIVERED, Kind.FAILED):
            self.limits_pass()
        self.let_go()
        return counted

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
            done = [duty for duty in self.duties if duty["rule"] == rule and not is_owed(duty) and duty["lapse"] is None]
            self.duties = [duty for duty in self.duties if not any(duty is one for one in done[:-KEPT])]

    # The report, and answers to it

    def reported(self, report: Report) -> None:
        self.case = {
            **{"kind": str(report.kind), "category": report.category, "topic": report.topic, "area": report.area, "unit": report.unit},
            **{"level": report.level, "sensitive": report.sensitive, "start": report.learned_at, "opened": self.now, "status": "open"},
            **{"holder": report.unit, "held": [(report.unit, "reported")], "transfer": None, "bounces": 0},
        }
        self.witness = self.case["kind"] == "opinion"
        self.open_on("reported", None)
        if self.witness:
            self.open_on("reported.outside", None)
        self.make_tasks(report.tasks, report.unit)

    def answered(self, said: Acknowledgement) -> None:
        means = "logged_call" if said.via == "logged_call" else "acknowledged"
        for duty in list(self.duties):
            lit = next((lit for lit in duty["lits"] if lit["person"] == said.person and lit["answered"] is None), None)
            if lit:
                lit["answered"] = self.now
            if not is_owed(duty):
                continue
            if duty["bearer"] == said.person:
                if means in duty["says"]["discharged_by"]:
                    self.discharge(duty)
                elif duty["says"]["by"] != "recipient" and lit:
                    duty["next"] = None
            elif lit:
                duty["next"], duty["taken"] = None, duty["taken"] or said.person

    def outcome(self, call: tuple[int, str, str], channel: str, *, failed: bool) -> None:
        for duty in list(self.duties):
            for lit in list(duty["lits"]):
                if lit["call"] != call:
                    continue
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

    # Handing over

    def held(self, act: CaseAct) -> dict[str, Any] | None:
        """The case, or the task the act names, where it can be handed over."""
        if act.task is None:
            return {"it": self.case, "unit": self.case["holder"]}
        task = self.tasks.get(act.task)
        return {"it": task, "unit": task["unit"]} if task and task["state"] in ("assigned", "accepted") else None

    def do_transferred(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None or act.to_unit in (None, held["unit"]) or held["it"]["transfer"] or not self.may_act(act.by.unit, held["unit"]):
            return False
        if held["it"]["held"][-1][1] == "imposed":
            return False
        held["it"]["transfer"] = {"from": held["unit"], "to": act.to_unit, "superior": None, "until": self.objection_ends(self.now)}
        back = act.to_unit in [unit for unit, _ in held["it"]["held"]]
        if back or held["it"]["bounces"] >= self.policy["tasks"]["bounce_limit"]:
            return self.ask_superior(held["it"], act.task)
        return True

    def objection_ends(self, start: datetime) -> datetime:
        return end_of(self.policy["tasks"]["objection"]["within"], start, self.zone)

    def ask_superior(self, it: dict[str, Any], task: str | None) -> bool:
        """The nearest unit above both, or the one of them that is above the other; nothing to ask where there is none."""
        above: str | None = it["transfer"]["from"]
        if above == it["transfer"]["to"]:
            above = self.above(it["transfer"]["to"])
        while above is not None and not self.may_act(above, it["transfer"]["to"]):
            above = self.above(above)
        it["transfer"] = it["transfer"] | {"superior": above} if above else None
        self.follows += [("bounced", task)] if above else []
        return above is not None

    def do_accepted(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None:
            return False
        offer = held["it"]["transfer"]
        if offer is None:
            if act.task is None or held["it"]["state"] != "assigned" or not self.may_act(act.by.unit, held["unit"]):
                return False
            held["it"]["state"] = "accepted"
            return True
        if offer["superior"] or not self.may_act(act.by.unit, offer["to"]):
            return False
        self.take_over(act.task, offer["to"], "accepted")
        return True

    def do_objected(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None or not act.text:
            return False
        it, offer = held["it"], held["it"]["transfer"]
        if offer is None:
            if act.task is None or it["state"] != "assigned" or not self.may_act(act.by.unit, it["unit"]):
                return False
            if self.now > self.objection_ends(it["at"]):
                return False
            it["transfer"] = {"from": it["unit"], "to": it["assigner"], "superior": None, "until": None}
            asked = self.ask_superior(it, act.task)
            it["bounces"] += asked
            return asked
        if offer["superior"] or not self.may_act(act.by.unit, offer["to"]) or self.now > offer["until"]:
            return False
        it["bounces"] += 1
        if it["bounces"] >= self.policy["tasks"]["bounce_limit"]:
            self.ask_superior(it, act.task)
        else:
            it["transfer"] = None
        return True

    def do_imposed(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None or act.to_unit is None:
            return False
        superior = held["it"]["transfer"]["superior"] if held["it"]["transfer"] else None
        who, unit = act.by.unit, superior or held["unit"]
        if who not in (None, superior) and (who == unit or not self.may_act(who, unit)):
            return False
        self.take_over(act.task, act.to_unit, "imposed")
        for duty in self.owed():
            if duty["task"] == act.task and HANDING_OVER & set(duty["says"]["on"]):
                may = who is None or act.by.principal == duty["bearer"] or self.may_act(who, duty["unit"])
                self.discharge(duty) if may and "imposed" in duty["says"]["discharged_by"] else self.cancel(duty)
        return True

    def take_over(self, task_id: str | None, unit: str, how: str) -> None:
        it = self.tasks[task_id] if task_id else self.case
        it |= {"transfer": None, "held": [*it["held"], (unit, how)], "unit" if task_id else "holder": unit}
        if task_id:
            it |= {"owner": None, "state": "accepted"}
        head = self.head(unit)
        for duty in self.owed():
            if duty["task"] == task_id and duty["says"]["by"] == ("assignee" if task_id else "holder") and head:
                duty |= {"unit": unit, "bearer": head[0], "post": head[1], "snooze": None}
                self.call_again(duty, "duty")

    # Tasks

    def make_tasks(self, forms: Any, assigner: str) -> None:
        numbered: dict[int, str] = {}
        for number, form in enumerate(forms, 1):
            task_id = f"t{len(self.tasks) + 1}"
            due = self.now + form.within if form.within else self.usual_end()
            waits = numbered.get(form.after) if form.after else None
            self.tasks[task_id] = {
                **{"id": task_id, "unit": form.unit, "owner": form.owner, "assigner": assigner, "at": self.now, "due": due, "slip": None},
                **{"state": "waiting" if waits else "assigned", "after": waits, "span": due - self.now, "transfer": None, "bounces": 0},
                **{"held": [(form.unit, "assigned")], "asked": None},
            }
            numbered[number] = task_id
            if not waits:
                self.follows.append(("assigned", task_id))

    def usual_end(self) -> datetime:
        """The term of what the task is to be done by, where nobody names a limit."""
        own = [rule for rule in self.rules().values() if "assigned" in rule["on"] and rule["scope"] == "task" and rule["given"]]
        return end_of(own[0]["within"], self.now, self.zone) if own else self.now + span(self.policy["half_hour"]["within"])

    def do_assigned(self, act: CaseAct) -> None:
        self.make_tasks(act.tasks, act.by.unit or self.case["holder"])

    def task(self, act: CaseAct, side: str) -> Task | None:
        """The task, where whoever acts may act for the unit that holds it, or that assigned it."""
        task = self.tasks.get(act.task or "")
        owns = task is not None and side == "unit" and act.by.principal == task["owner"]
        return task if task and (owns or self.may_act(act.by.unit, task[side])) else None

    def do_completed(self, act: CaseAct) -> bool:
        task = self.task(act, "unit")
        if task is None or task["state"] not in ("assigned", "accepted"):
            return False
        if task["transfer"]:
            for duty in self.owed():
                if duty["task"] == task["id"] and HANDING_OVER & set(duty["says"]["on"]):
                    self.cancel(duty)
        task |= {"state": "completed", "transfer": None}
        return True

    def do_returned(self, act: CaseAct) -> bool:
        task = self.task(act, "assigner")
        if task is None or task["state"] != "completed" or (act.due_at or task["due"]) <= self.now:
            return False
        task |= {"state": "accepted", "due": act.due_at or task["due"]}
        return True

    def do_verified(self, act: CaseAct) -> bool:
        task = self.task(act, "assigner")
        if task is None or task["state"] != "completed" or (act.by.unit == task["unit"] and task["unit"] != task["assigner"]):
            return False
        task["state"] = "verified"
        for one in self.tasks.values():
            if one["after"] == task["id"] and one["state"] == "waiting":
                one |= {"state": "assigned", "at": self.now, "due": self.now + one["span"]}
                self.follows.append(("assigned", one["id"]))
        if all(one["state"] in ("verified", "cancelled") for one in self.tasks.values()):
            self.follows.append(("all_verified", None))
        return True

    def do_extension_asked(self, act: CaseAct) -> bool:
        task = self.task(act, "unit")
        if task is None or task["state"] == "completed" or act.due_at is None or act.due_at <= task["due"]:
            return False
        if self.now > task["due"] or task["asked"]:
            return False
        task["asked"] = act.due_at
        return True

    def do_extension_decided(self, act: CaseAct) -> bool:
        task = self.task(act, "assigner")
        if task is None or task["asked"] is None:
            return False
        due = act.due_at or task["asked"]
        if act.approve and due <= task["due"]:
            return False
        task["asked"] = None
        for duty in self.owed() if act.approve else []:
            if duty["task"] == task["id"] and duty["says"]["given"] and duty["due"] == task["due"] and duty["lapse"] is None:
                self.extend(duty, due)
        task["due"] = due if act.approve else task["due"]
        return True

    def extend(self, duty: Duty, due: datetime) -> None:
        """What is still to come before the limit is counted anew; what follows after it comes as much later."""
        longer = due - duty["due"]
        duty |= {"due": due, "granted": duty["granted"] + longer}
        after = [(moment + longer, names) for moment, names in duty["overdue"]]
        self.plan_ahead(duty)
        duty["overdue"] = after

    # Clocks and levels

    def meant(self, act: CaseAct) -> list[Duty]:
        """The act names no duty in these histories: all that are owed, of the task it names if it names one."""
        return [duty for duty in self.owed() if act.task in (None, duty["task"])]

    def do_snoozed(self, act: CaseAct) -> bool:
        who, longest = act.to_person or act.by.principal, span(self.policy["snooze"]["up_to"])
        theirs = [duty for duty in self.meant(act) if who in [duty["bearer"], *(lit["person"] for lit in duty["lits"])]]
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
        if act.by.role not in self.policy["pause"]["by"] or not act.text or until > longest or not self.meant(act):
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
        was = set(self.rules())
        self.case |= {"level": level, "sensitive": sensitive}
        triggers = REPORTED if self.witness else {"reported"}
        by_report = {rule["name"] for rule in self.rules().values() if triggers & set(rule["on"])}
        for duty in self.owed():
            rule = self.rules().get(duty["rule"])
            if rule is None and duty["rule"] in was and triggers & set(duty["says"]["on"]) and duty["state"] == "open":
                duty["ungraded"] = True
                self.cancel(duty)
            elif rule is not None and duty["task"] is None and duty["state"] == "open" and rule["within"]:
                self.read_again(duty, rule)
        for rule in self.rules().values():
            known = [duty for duty in self.duties if duty["rule"] == rule["name"] and not duty.get("ungraded")]
            if rule["name"] in by_report and not known:
                from_start = {"start": self.case["start"]}.get(rule["starts"], self.case["opened"])
                self.open(rule, from_start, None)
        self.limits_pass()
        return True

    def read_again(self, duty: Duty, rule: dict[str, Any]) -> None:
        """From the original start, with what people have granted on top."""
        due = end_of(rule["within"], duty["start"], self.zone) + duty["granted"]
        duty["says"] = rule
        if due != duty["due"]:
            duty["due"] = due
            self.plan_ahead(duty)


__all__ = ["Model"]
