"""Each claim of the story is checked against facts read back through the audit's API, with a deadline.

Invariant: a step counts as done only when the trail shows it under a signed checkpoint; a step that did not
happen says what was expected and what was seen.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from shared.facts import Effect, EffectKind, Fact, read_decision
from shared.ids import CaseId, PersonId
from shared.vocabulary import Kind

LOOK_EVERY = 0.25


class StepFailed(Exception):
    """The story did not go as told."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected: {expected}\nseen: {seen}")


@dataclass(frozen=True)
class OnRecord:
    """A fact as the trail has it."""

    index: int
    fact: Fact

    @property
    def effects(self) -> tuple[Effect, ...]:
        return read_decision(self.fact.data).effects if self.fact.kind == Kind.DECIDED else ()


@dataclass
class Readback:
    """Reads a case's records; each record is fetched once."""

    http: httpx2.AsyncClient
    audit_url: str
    token: str
    _known: dict[int, OnRecord] = field(default_factory=dict[int, OnRecord])

    async def facts(self, case: CaseId) -> list[OnRecord]:
        entries: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self._get(
                "/api/v1/trail/entries",
                case=case,
                order="oldest",
                limit=200,
                **({"cursor": cursor} if cursor else {}),
            )
            entries += page["entries"]
            cursor = page.get("next")
            if not cursor:
                return [await self._record(int(entry["index"])) for entry in entries]

    async def _record(self, index: int) -> OnRecord:
        if index not in self._known:
            record = await self._get(f"/api/v1/trail/entries/{index}")
            self._known[index] = OnRecord(index, Fact.model_validate(record["fact"]))
        return self._known[index]

    async def _get(self, path: str, **params: Any) -> Any:
        response = await self.http.get(
            self.audit_url + path, params=params, headers={"Authorization": f"Bearer {self.token}"}
        )
        response.raise_for_status()
        return response.json()

    async def expect(
        self,
        what: str,
        case: CaseId,
        select: Callable[[list[OnRecord]], list[OnRecord]],
        *,
        seconds: float,
        at_least: int = 1,
    ) -> list[OnRecord]:
        """The records that show `what`, once there are `at_least` so many. Raises StepFailed after
        `seconds`.
        """
        records: list[OnRecord] = []
        trouble = ""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        records = await self.facts(case)
                    except httpx2.HTTPError as error:
                        trouble = f"; the audit answers {error}"
                    if len(proof := select(records)) >= at_least:
                        return proof
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise StepFailed(
                f"{what}, in the trail within {seconds:g} s", _summary(case, records) + trouble
            ) from None


def _summary(case: CaseId, records: list[OnRecord]) -> str:
    kinds = Counter(record.fact.kind for record in records)
    effects = Counter(effect.kind.value for record in records for effect in record.effects)
    if not records:
        return f"no record of case {case}"
    return f"case {case}: {dict(kinds)}; decided: {dict(effects)}"


def failed_for(person: PersonId) -> Callable[[list[OnRecord]], list[OnRecord]]:
    """One record for each hand-over to this person that failed for good."""

    def failures(records: list[OnRecord]) -> list[OnRecord]:
        return [
            record
            for record in records
            if record.fact.kind == Kind.FAILED
            for delivery in record.fact.data.get("deliveries", [record.fact.data])
            if delivery["person"] == person
        ]

    return failures


def with_effect(kind: EffectKind, **more: Any) -> Callable[[list[OnRecord]], list[OnRecord]]:
    """One record for each effect of that kind whose fields are as given."""

    def effects(records: list[OnRecord]) -> list[OnRecord]:
        return [
            record
            for record in records
            for effect in record.effects
            if effect.kind is kind and all(getattr(effect, name) == value for name, value in more.items())
        ]

    return effects
