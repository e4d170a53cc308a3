"""Time in the reference model: limits pass, clocks strike, and what has to happen next.

Invariant: everything due by now is done in one go, in the order in which people would expect it, however late
the clock is.
"""

from datetime import datetime, timedelta

from tests.escalator.reference import Duties, Duty
from tests.escalator.reference_policy import span

LATE = timedelta(milliseconds=1)
"""On the limit is in time: the limit's own clock strikes this much after it."""


class Clocks(Duties):
    def limits_pass(self) -> None:
        for duty in self.owed():
            if duty["state"] == "open" and duty["paused"] is None and self.now > duty["due"]:
                if duty["says"]["cause"] == "omitted":
                    self.suspect(duty)
                    continue
                duty["state"], duty["lapse"] = "lapsed", duty["due"]
                self.accused |= {(duty["rule"], unit) for unit in self.who_answers(duty)}
                if duty["says"]["nag"]:
                    duty["nag"] = duty["due"] + span(duty["says"]["nag"])
                if duty["slip"] or any(slip for _, slip in duty["reminders"]):
                    self.slip(duty, "red")

    def suspect(self, duty: Duty) -> None:
        """No lapse: a person judges, and the unit hears of it, its head and its duty post."""
        self.cancel(duty)
        self.follows.append(("suspected", None))
        unit = next(one for one in self.directory.units if one.id == duty["unit"])
        head = self.head(duty["unit"])
        self.calls.add((head[0] if head else duty["bearer"], "inform"))
        if unit.duty_post is not None:
            self.calls.add((self.holds(unit.duty_post), "inform"))

    def who_answers(self, duty: Duty) -> set[str]:
        """The unit that did not report, or did so late. Where the report was in time and nobody on the chain
        took it: whose roster was called in vain.
        """
        if duty["says"]["by"] != "recipient" or duty["due"] < duty["opened"]:
            return {duty["unit"]}
        silent = [
            lit
            for lit in duty["lits"]
            if lit["person"] != duty["bearer"]
            and (lit["delivered"] or not set(lit["channels"]) <= set(lit["failed"]))
        ]
        assert not any(lit["answered"] for lit in silent), "whoever answered has settled it"
        return {
            next(post.unit for post in self.directory.posts if post.id == lit["post"]) for lit in silent[-1:]
        }

    def slip(self, duty: Duty, colour: str) -> None:
        duty["slip"] = colour
        if duty["task"]:
            self.tasks[duty["task"]]["slip"] = colour

    def clock_strikes(self) -> None:  # noqa: PLR0912 - in the order of the day
        for duty in self.owed():
            if duty["paused"] and duty["paused_until"] <= self.now:
                self.resume(duty, duty["paused_until"])
        self.limits_pass()
        for duty in self.running():
            if duty["snooze"] and duty["snooze"] <= self.now:
                duty["snooze"] = None
                self.call_again(duty, "again", duty["chain"])
        for duty in self.running():
            if duty["next"] and duty["next"] <= self.now:
                self.wait_is_over(duty)
        for duty in self.running():
            due = [one for one in duty["reminders"] if one[0] <= self.now]
            duty["reminders"] = duty["reminders"][len(due) :]
            if [slip for _, slip in due if slip]:
                self.slip(duty, [slip for _, slip in due if slip][-1])
            if due:
                self.calls.add((duty["bearer"], "reminder"))
        for duty in self.running():
            self.is_overdue(duty)
        for duty in self.running():
            if duty["nag"] and duty["nag"] <= self.now:
                while duty["nag"] <= self.now:
                    duty["nag"] += span(duty["says"]["nag"])
                self.calls.add((duty["bearer"], "again"))

    def is_overdue(self, duty: Duty) -> None:
        if duty["state"] != "lapsed":
            return
        due = [one for one in duty["overdue"] if one[0] <= self.now]
        duty["overdue"] = duty["overdue"][len(due) :]
        names = [name for _, each in due for name in each]
        self.calls |= {
            (person, "overdue") for _, person in self.people(names, duty, self.tasks.get(duty["task"]))
        }
        if "unacknowledge" in names:
            self.call_again(duty, "again", duty["says"]["chain"])
            duty["taken"] = None

    def running(self) -> list[Duty]:
        return [duty for duty in self.owed() if duty["paused"] is None]

    def next_moment(self) -> datetime | None:
        return min((moment for duty in self.owed() for moment in moments(duty)), default=None)


def moments(duty: Duty) -> list[datetime]:
    """When this duty next has something to do."""
    if duty["paused"]:
        return [duty["paused_until"]]
    found = [duty["next"], duty["snooze"], *(moment for moment, _ in duty["reminders"])]
    if duty["state"] == "open":
        found.append(duty["due"] + LATE)
    else:
        found += [duty["nag"], *(moment for moment, _ in duty["overdue"])]
    return [moment for moment in found if moment is not None]
