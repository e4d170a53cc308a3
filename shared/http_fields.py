"""The parameters of paths and queries, bounded: what every service takes for an id, a place in the trail, a
name, a cursor.

Invariant: nothing that a route takes from its path or query is longer, larger or of other letters than it
says here; an id holds nothing that means something to the broker (`*`, `>`, spaces), to a path or to a page.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from shared.facts.bounds import ID_LIMIT, Given, Instant
from shared.fault_texts import TIME_EXAMPLE


class Query(Given):
    """What a route takes from its query: all bounds hold; a parameter that is not known asks nothing."""

    model_config = ConfigDict(extra="ignore")


def _with_plus(value: Any) -> Any:
    """In a query a bare + arrives as a space."""
    return value.strip().replace(" ", "+") if isinstance(value, str) else value


CaseRef = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="the id of a case")]
IdRef = Annotated[str, Field(pattern=rf"^[A-Za-z0-9_.-]{{1,{ID_LIMIT}}}$")]
Index = Annotated[int, Field(ge=0, lt=2**53)]
"""Of a record; or a size, a sequence: whatever is counted in the trail."""
Cursor = Annotated[str, Field(max_length=400, description="`next` of the page before")]
Words = Annotated[str, Field(max_length=500)]
QueryTime = Annotated[Instant, BeforeValidator(_with_plus), Field(description=f"a time, e.g. {TIME_EXAMPLE}")]
IdempotencyKey = Annotated[
    str, Field(min_length=1, max_length=200, description="The same key makes a repeat return the same fact.")
]
