"""Handing over and tasks in the reference model.

Invariant: whoever holds it answers for it until another has taken it; an act that may not be changes nothing
and says so.
"""

from datetime import datetime
from typing import Any

from shared.facts import CaseAct
from tests.escalator.reference import Duty, Task
from tests.escalator.reference_clocks import Clocks
from tests.escalator.reference_policy import end_of, span

HANDING_OVER = {"transferred", "bounced"}


class Tasks(Clocks):
    # Handing over

    def held(self, act: CaseAct) -> dict[str, Any] | None:
        """The case, or the task the act names, where it can be handed over."""
        if act.task is None:
            return {"it": self.case, "unit": self.case["holder"]}
        task = self.tasks.get(act.task)
        return (
            {"it": task, "unit": task["unit"]} if task and task["state"] in ("assigned", "accepted") else None
        )

    def do_transferred(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None or act.to_unit in (None, held["unit"]) or held["it"]["transfer"]:
            return False
        if held["it"]["held"][-1][1] == "imposed":
            return False
        held["it"]["transfer"] = {
            "from": held["unit"],
            "to": act.to_unit,
            "superior": None,
            "until": self.objection_ends(self.now),
        }
        back = act.to_unit in [unit for unit, _ in held["it"]["held"]]
        if back or held["it"]["bounces"] >= self.policy["tasks"]["bounce_limit"]:
            return self.ask_superior(held["it"], act.task)
        return True

    def objection_ends(self, start: datetime) -> datetime:
        return end_of(self.policy["tasks"]["objection"]["within"], start, self.zone)

    def ask_superior(self, it: dict[str, Any], task: str | None) -> bool:
        """The nearest unit above both, or the one of them that is above the other; nothing to ask where there
        is none.
        """
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
            if act.task is None or held["it"]["state"] != "assigned":
                return False
            held["it"]["state"] = "accepted"
            return True
        if offer["superior"]:
            return False
        self.take_over(act.task, offer["to"], "accepted")
        return True

    def do_objected(self, act: CaseAct) -> bool:
        held = self.held(act)
        if held is None or not act.text:
            return False
        it, offer = held["it"], held["it"]["transfer"]
        if offer is None:
            if act.task is None or it["state"] != "assigned":
                return False
            if self.now > self.objection_ends(it["at"]):
                return False
            it["transfer"] = {"from": it["unit"], "to": it["assigner"], "superior": None, "until": None}
            asked = self.ask_superior(it, act.task)
            it["bounces"] += asked
            return asked
        if offer["superior"] or self.now > offer["until"]:
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
        self.take_over(act.task, act.to_unit, "imposed")
        for duty in self.owed():
            if duty["task"] == act.task and HANDING_OVER & set(duty["says"]["on"]):
                may = act.by.principal == duty["bearer"] or self.may_act(act.by.unit, duty["unit"])
                self.discharge(duty) if may and "imposed" in duty["says"]["discharged_by"] else self.cancel(
                    duty
                )
        return True

    def take_over(self, task_id: str | None, unit: str, how: str) -> None:
        it = self.tasks[task_id] if task_id else self.case
        it |= {"transfer": None, "held": [*it["held"], (unit, how)], "unit" if task_id else "holder": unit}
        if task_id:
            it |= {"owner": None, "state": "accepted"}
        head = self.head(unit)
        for duty in self.owed():
            if (
                duty["task"] == task_id
                and duty["says"]["by"] == ("assignee" if task_id else "holder")
                and head
            ):
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
                **{
                    "id": task_id,
                    "unit": form.unit,
                    "owner": form.owner,
                    "assigner": assigner,
                    "at": self.now,
                    "due": due,
                    "slip": None,
                },
                **{
                    "state": "waiting" if waits else "assigned",
                    "after": waits,
                    "span": due - self.now,
                    "transfer": None,
                    "bounces": 0,
                },
                **{"held": [(form.unit, "assigned")], "asked": None},
            }
            numbered[number] = task_id
            if not waits:
                self.follows.append(("assigned", task_id))

    def usual_end(self) -> datetime:
        """The term of what the task is to be done by, where nobody names a limit."""
        own = [
            rule
            for rule in self.rules().values()
            if "assigned" in rule["on"] and rule["scope"] == "task" and rule["given"]
        ]
        return (
            end_of(own[0]["within"], self.now, self.zone)
            if own
            else self.now + span(self.policy["half_hour"]["within"])
        )

    def do_assigned(self, act: CaseAct) -> None:
        self.make_tasks(act.tasks, act.by.unit or self.case["holder"])

    def task(self, act: CaseAct) -> Task | None:
        return self.tasks.get(act.task or "")

    def do_completed(self, act: CaseAct) -> bool:
        task = self.task(act)
        if task is None or task["state"] not in ("assigned", "accepted"):
            return False
        if task["transfer"]:
            for duty in self.owed():
                if duty["task"] == task["id"] and HANDING_OVER & set(duty["says"]["on"]):
                    self.cancel(duty)
        task |= {"state": "completed", "transfer": None}
        return True

    def do_returned(self, act: CaseAct) -> bool:
        task = self.task(act)
        if task is None or task["state"] != "completed" or (act.due_at or task["due"]) <= self.now:
            return False
        task |= {"state": "accepted", "due": act.due_at or task["due"]}
        return True

    def do_verified(self, act: CaseAct) -> bool:
        task = self.task(act)
        if (
            task is None
            or task["state"] != "completed"
            or (act.by.unit == task["unit"] and task["unit"] != task["assigner"])
        ):
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
        task = self.task(act)
        if task is None or task["state"] == "completed" or act.due_at is None or act.due_at <= task["due"]:
            return False
        if self.now > task["due"] or task["asked"]:
            return False
        task["asked"] = act.due_at
        return True

    def do_extension_decided(self, act: CaseAct) -> bool:
        task = self.task(act)
        if task is None or task["asked"] is None:
            return False
        due = act.due_at or task["asked"]
        if act.approve and due <= task["due"]:
            return False
        task["asked"] = None
        for duty in self.owed() if act.approve else []:
            if (
                duty["task"] == task["id"]
                and duty["says"]["given"]
                and duty["due"] == task["due"]
                and duty["lapse"] is None
            ):
                self.extend(duty, due)
        task["due"] = due if act.approve else task["due"]
        return True

    def extend(self, duty: Duty, due: datetime) -> None:
        """What is still to come before the limit is counted anew; what follows after it comes as much
        later.
        """
        longer = due - duty["due"]
        duty |= {"due": due, "granted": duty["granted"] + longer}
        after = [(moment + longer, names) for moment, names in duty["overdue"]]
        self.plan_ahead(duty)
        duty["overdue"] = after
