"""What the audience sees: the story line by line as facts come in, and under it a countdown of everything
that is owed.

Without a terminal there is no countdown and no colour, only the lines.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client
from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fenghuo.demo.ledger import REPORT, OpenDuties, OpenDuty, in_words
from fenghuo.demo.telling import StoryLine, Teller, Tone
from shared.broker.times import stored_at
from shared.facts import Fact, Report
from shared.ids import CaseId
from shared.streams import FACTS
from shared.subjects import FACTS_ALL
from shared.vocabulary import Kind

GATHER = 0.15
"""Seconds of facts told together, so that ten deliveries of one case become one line."""
SHOWN = 6
"""Duties the countdown has room for."""


@dataclass
class Stage:
    """`cases` maps what is known of a report to its case, for scenes that handed it in without being told."""

    console: Console
    teller: Teller
    ledger: OpenDuties
    clock: Callable[[], datetime]
    reports: dict[CaseId, Report]

    def scene(self, number: str, zh: str, en: str) -> None:
        self.console.print()
        self.console.print(Rule(Text(f"{number} {zh} · {en}", style="bold"), align="left", style="dim"))

    def say(self, text: str, mark: str = " ") -> None:
        grid = _grid(1)
        grid.add_row(mark, Text(text))
        self._print(grid)

    def show(self, line: StoryLine) -> None:
        grid = _grid(8, 1, 9)
        tone = "" if line.tone is Tone.NEWS else line.tone.value
        at = Text(self.teller.clock(line.at), style="dim")
        grid.add_row(
            at,
            Text(line.tag, style="bold cyan"),
            Text(line.word, style=line.tone.value),
            Text(line.whole, style=tone),
        )
        self._print(grid)

    def _print(self, grid: Table) -> None:
        if self.console.is_terminal:
            self.console.print(grid, highlight=False)
            return
        with self.console.capture() as drawn:
            self.console.print(grid)
        for line in drawn.get().splitlines():
            self.console.print(Text(line.rstrip()), soft_wrap=True)

    def countdown(self) -> RenderableType:
        """A duty a row, the next due first; people of one case that are due together share a row."""
        rows = _rows(self.ledger.by_due())
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(width=1)
        table.add_column(width=9, justify="right")
        table.add_column(ratio=1)
        now = self.clock()
        for duty, people in rows[:SHOWN]:
            left = (duty.due_at - now).total_seconds()
            style = "bold red" if left < 0 else "yellow" if left < 10 else "green"
            time = Text(f"{'late ' if left < 0 else ''}{abs(left):.0f} s", style=style)
            table.add_row(
                Text(self.teller.tag(duty.case), style="bold cyan"), time, Text(self._owed(duty, people))
            )
        if not rows:
            table.add_row("", "", Text("nothing is owed", style="dim"))
        more = f" (and {len(rows) - SHOWN} more)" if len(rows) > SHOWN else ""
        return Panel(
            table, title=f"还有多久 due next{more}", title_align="left", border_style="dim", padding=(0, 1)
        )

    def _owed(self, duty: OpenDuty, people: list[OpenDuty]) -> str:
        names = ", ".join(self.teller.person(person.person) for person in people)
        if duty.rule != REPORT:
            return f"{names}: {in_words(duty.rule)}"
        if duty.taken_by:
            return f"{names} is dark; {self.teller.person(duty.taken_by)} took it"
        waiting = duty.lit[-1] if duty.lit and duty.lit[-1] != duty.person else None
        return f"{names} is dark; waiting for {self.teller.person(waiting)}" if waiting else names

    @asynccontextmanager
    async def following(self, connection: Client) -> AsyncIterator[None]:
        """While inside, every fact is told as it is stored."""
        facts: asyncio.Queue[tuple[Fact, datetime]] = asyncio.Queue()
        subscription = await connection.jetstream().subscribe(FACTS_ALL, stream=FACTS, ordered_consumer=True)

        async def hear() -> None:
            async for message in subscription.messages:
                fact = Fact.read(message.data)
                self._remember(fact)
                facts.put_nowait((fact, stored_at(message)))

        hearing = asyncio.create_task(hear())
        telling = asyncio.create_task(self._tell(facts))
        try:
            if self.console.is_terminal:
                with Live(
                    get_renderable=self.countdown, console=self.console, refresh_per_second=4, transient=True
                ):
                    yield
            else:
                yield
        finally:
            hearing.cancel()
            telling.cancel()
            await asyncio.gather(hearing, telling, return_exceptions=True)

    def _remember(self, fact: Fact) -> None:
        if fact.kind == Kind.REPORTED and fact.subject:
            self.reports[CaseId(fact.subject)] = Report.model_validate(fact.data)
        self.ledger.take(fact)

    async def _tell(self, facts: asyncio.Queue[tuple[Fact, datetime]]) -> None:
        while True:
            run = [await facts.get()]
            await asyncio.sleep(GATHER)
            while not facts.empty():
                run.append(facts.get_nowait())
            for line in self.teller.tell(run):
                self.show(line)

    async def settle(self) -> None:
        """Let the lines of what has just happened be told before going on."""
        await asyncio.sleep(3 * GATHER)


def _rows(duties: list[OpenDuty]) -> list[tuple[OpenDuty, list[OpenDuty]]]:
    rows: dict[tuple[object, ...], list[OpenDuty]] = {}
    for duty in duties:
        quiet = len(duty.lit) <= 1 and duty.taken_by is None
        key = (duty.case, duty.rule, duty.due_at, duty.lapsed, None if quiet else duty.person)
        rows.setdefault(key, []).append(duty)
    return [(people[0], people) for people in rows.values()]


def _grid(*widths: int) -> Table:
    grid = Table.grid(padding=(0, 1), expand=False)
    for width in widths:
        grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
