"""Around every request: who asked what, and how much was given, kept before the answer goes out.

Invariant: whatever needed a token and was answered is kept, a route made tomorrow too; what anybody may have
(checkpoint, tiles, proofs) is not, nor what changes the trail by a fact of its own. Where a read can't be
kept, nothing is shown.
"""

import re
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import structlog

from services.audit.custody.reads import ReadAnswer, Reads, bounded
from services.audit.reading import seen as reads_seen
from services.audit.reading.seen import SeenRecords
from shared.facts.reads import How
from shared.tokens import Principal

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Any]
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

WINDOW = 256
"""An export of no more records than this is one of many questions of a verifier: gathered, not a file taken
away.
"""
_NOTHING_SHOWN = ("/api/v1/trail/state",)
_FAULT = 400
_NUMBER = re.compile("[0-9]{1,16}")


class ReadsKept:
    """ASGI middleware. `wake` is called when there is something to put on record at once."""

    def __init__(
        self, app: App, reads: Reads, clock: Callable[[], datetime], wake: Callable[[], None]
    ) -> None:
        self._app, self._reads, self._clock, self._wake = app, reads, clock, wake

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        answer = _CountedAnswer(self._reads, self._clock, scope, reads_seen.begin(), send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            if answer.finish():
                self._wake()


class _CountedAnswer:
    def __init__(
        self, reads: Reads, clock: Callable[[], datetime], scope: Scope, seen_records: SeenRecords, send: Any
    ) -> None:
        self._reads, self._clock, self._scope, self._seen_records, self._send = (
            reads,
            clock,
            scope,
            seen_records,
            send,
        )
        self._start: Any = None
        self._place: tuple[str, str] | None = None
        self._how = How.LOOKED
        self._whole = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """The head is held back until it is known whether the body comes at once."""
        if message["type"] == "http.response.start" and self._counts(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            self._how = _how(start, self._scope)
            at_once = self._how is How.LOOKED and not message.get("more_body")
            self._place = self._reads.begin(self._read_answer(broken_off=not at_once))
            if at_once:
                self._whole, self._place = True, None
            await self._send(start)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._whole = True
        await self._send(message)

    def finish(self) -> bool:
        """Whether there is something to put on record at once."""
        if self._place is None:
            return False
        self._reads.end(self._place, self._read_answer(broken_off=not self._whole))
        return self._how is How.TAKEN

    def _counts(self, start: MutableMapping[str, Any]) -> bool:
        return (
            start["status"] < _FAULT
            and self._principal is not None
            and self._scope["path"] not in _NOTHING_SHOWN
        )

    @property
    def _principal(self) -> Principal | None:
        return self._scope.get("state", {}).get("principal")

    def _read_answer(self, *, broken_off: bool) -> ReadAnswer:
        who = self._principal
        assert who is not None
        route = getattr(self._scope.get("route"), "path", self._scope["path"])
        path = [(name, str(value)) for name, value in self._scope.get("path_params", {}).items()]
        parameters = _query_parameters(self._scope)
        if _is_window(parameters):
            # All windows are one question: the whole, piece by piece.
            parameters = []
        return ReadAnswer(
            who.actor(),
            self._how,
            f"{self._scope['method']} {route}",
            bounded([*path, *parameters]),
            self._seen_records.records,
            self._seen_records.checkpoint,
            self._clock(),
            broken_off,
        )


def _how(start: MutableMapping[str, Any], scope: Scope) -> How:
    """What is sent as a file is taken away; but for the windows in which a verifier asks for the whole."""
    headers = {name.lower(): value for name, value in start.get("headers", [])}
    is_file = headers.get(b"content-disposition", b"").startswith(b"attachment")
    return How.TAKEN if is_file and not _is_window(_query_parameters(scope)) else How.LOOKED


def _query_parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode(errors="replace"))


def _is_window(parameters: list[tuple[str, str]]) -> bool:
    rest = dict(parameters)
    start, end = rest.pop("start", ""), rest.pop("end", "")
    return (
        not rest
        and bool(_NUMBER.fullmatch(start) and _NUMBER.fullmatch(end))
        and int(end) - int(start) <= WINDOW
    )
