"""Every field of an OpenAPI document at its edges and just outside: what a schema says is read, and one value
after the other made of it.

Pure and without chance: the same document makes the same requests, in the same order.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

Json = dict[str, Any]
Place = tuple[str | int, ...]
HUGE = 10**22
DEEP = 6
"""How far into a body fields are looked at."""
TIMES_OUTSIDE = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1969-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "NaN",
    1e22,
)
SPANS_OUTSIDE = ("-P1D", "P0D", "P1000000000D", "P99999999999999999999Y", "NaN", HUGE)
ODD_LETTERS = ("\x00a", "a\x1b[2Jb", "a\u202eb", "a\u2066b", "a\u009bb")
NOT_IDS = ("*", ">", "a.>", "a b", "a/b", "a\x00b", "x" * 200)


@dataclasses.dataclass(frozen=True)
class Edge:
    """One request: `where` is path, query, header or body; `field` the one that is at its edge."""

    method: str
    path: str
    """As declared."""
    url: str
    where: str
    field: str
    body: bytes | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    outside: bool = False
    """It must be refused, naming the field."""
    answers: frozenset[int] = frozenset()
    """Those declared."""

    def __str__(self) -> str:
        said = (self.body or b"")[:160].decode(errors="replace")
        return f"{self.method.upper()} {self.url[:200]} [{self.where} {self.field}] {said}"


class Verbatim(str):
    """NaN, or a number of many digits, as it stands in the bytes."""


def edges_of(document: Json) -> Iterator[Edge]:
    seen: set[tuple[str, str]] = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _Operation(document, path, method, operation, seen).edges()


class _Operation:
    def __init__(
        self, document: Json, path: str, method: str, operation: Json, seen: set[tuple[str, str]]
    ) -> None:
        self.document, self.path, self.method, self.seen = document, path, method, seen
        self.parameters: list[Json] = operation.get("parameters", [])
        self.answers = frozenset(int(status) for status in operation["responses"] if status.isdigit())
        content: Json = operation.get("requestBody", {}).get("content", {})
        self.media = next(iter(content), None)
        self.body: Json | None = content.get("application/json", {}).get("schema") if content else None

    def edges(self) -> Iterator[Edge]:
        yield self.edge("", "(as it should be)", body=self._base() if self.body else None)
        for parameter in self.parameters:
            yield from self._of_parameter(parameter)
        if self.body is not None:
            yield from self._of_body(self.body)

    def edge(
        self,
        where: str,
        name: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        outside: bool = False,
        given: Mapping[str, str] | None = None,
    ) -> Edge:
        given = given or {}
        path, query, headers = self.path, dict[str, str](), dict[str, str]()
        for parameter in self.parameters:
            known, place = parameter["name"], parameter["in"]
            if known in given:
                value = given[known]
            elif place == "path" or parameter.get("required"):
                value = str(example(self.resolved(parameter["schema"]), self.document))
            else:
                continue
            if place == "path":
                path = path.replace("{" + known + "}", quote(value, safe=""))
            elif place == "query":
                query[known] = value
            elif place == "header":
                headers[known] = value
        content = raw if raw is not None else None if body is None else encoded(body)
        if content is not None:
            headers["content-type"] = self.media or "application/json"
        url = f"{path}?{urlencode(query)}" if query else path
        return Edge(self.method, self.path, url, where, name, content, headers, outside, self.answers)

    def _of_parameter(self, parameter: Json) -> Iterator[Edge]:
        name, where, schema = parameter["name"], parameter["in"], self.resolved(parameter["schema"])
        if where == "cookie" or self._known(f"{where}.{name}", schema):
            return
        for value, outside in values_of(schema, self.document, text=True):
            text = value if isinstance(value, str) else json.dumps(value)
            if where == "header" and not (text.isascii() and text.isprintable()):
                continue
            # An id in a path that nobody has may be unknown (404) as well as no id (422).
            yield self.edge(
                where,
                name,
                outside=outside and where == "query",
                body=self._base() if self.body else None,
                given={name: text},
            )

    def _of_body(self, schema: Json) -> Iterator[Edge]:
        for raw in (
            b"",
            b"{",
            b"[]",
            b"null",
            b'"x"',
            b"1e999",
            b"\xff\xfe",
            b"[" * 5000,
            b'{"a":' * 5000,
            b"{}",
            b'{"a":1,"a":2}',
            b"NaN",
        ):
            yield self.edge("body", "(whole)", raw=raw)
        base = self._base()
        for place, inner, around in self._fields(schema, (), base):
            name = ".".join(map(str, place))
            if self._known(f"body.{name}", inner):
                continue
            for value, outside in values_of(inner, self.document):
                yield self.edge("body", name, body=_with(around, place, value), outside=outside)
        if isinstance(base, dict):
            yield self.edge(
                "body",
                "no_such_field",
                body={**base, "no_such_field": 1},
                outside=schema.get("additionalProperties") is False,
            )

    def _fields(self, schema: Json, where: Place, base: Any) -> Iterator[tuple[Place, Json, Any]]:
        """(place, schema, a body that has all that is needed around it)."""
        for name, inner in self.resolved(schema).get("properties", {}).items():
            whole, place = self.resolved(inner), (*where, name)
            yield place, whole, base
            if len(place) > DEEP:
                continue
            for kind in alternatives(whole, self.document):
                items = (
                    alternatives(kind.get("items", {}), self.document) if kind.get("type") == "array" else []
                )
                within = [((*place, 0), item) for item in items] if items else [(place, kind)]
                for inner_place, part in within:
                    if part.get("type") == "object":
                        yield from self._fields(
                            part, inner_place, _with(base, inner_place, example(part, self.document))
                        )

    def _known(self, name: str, schema: Json) -> bool:
        """Forms share their parts: the same field of the same schema is looked at once a service, not once a
        route.
        """
        key = name.rpartition(".")[2], json.dumps(schema, sort_keys=True)
        known = key in self.seen
        self.seen.add(key)
        return known

    def _base(self) -> Any:
        return example(self.resolved(self.body or {}), self.document)

    def resolved(self, schema: Json) -> Json:
        return resolved(schema, self.document)


def resolved(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        target: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def alternatives(schema: Json, document: Json) -> list[Json]:
    schema = resolved(schema, document)
    choices = schema.get("anyOf") or schema.get("oneOf")
    return [schema] if choices is None else [kind for one in choices for kind in alternatives(one, document)]


def example(schema: Json, document: Json, depth: int = 0) -> Any:
    """The least that the schema takes."""
    kinds = [kind for kind in alternatives(schema, document) if kind.get("type") != "null"]
    kind = kinds[0] if kinds else {}
    if "const" in kind or "enum" in kind:
        return kind.get("const", kind.get("enum", [None])[0])
    match kind.get("type"):
        case "object":
            fields = kind.get("properties", {})
            needed = {*kind.get("required", ()), *(name for name, one in fields.items() if "const" in one)}
            return {name: example(fields.get(name, {}), document, depth + 1) for name in sorted(needed)}
        case "array":
            return (
                [example(kind.get("items", {}), document, depth + 1)] * kind.get("minItems", 0)
                if depth < DEEP
                else []
            )
        case "integer" | "number":
            return kind.get(
                "minimum", kind.get("exclusiveMinimum", 0) + (1 if "exclusiveMinimum" in kind else 0)
            )
        case "boolean":
            return True
        case _:
            return _text(kind)


def _text(kind: Json) -> str:
    match kind.get("format"):
        case "date-time":
            return "2026-11-23T03:05:00+08:00"
        case "date":
            return "2026-11-23"
        case "time":
            return "08:30:00"
        case "duration":
            return "PT10M"
        case _:
            pattern = kind.get("pattern", "")
            return (
                "0" * 64
                if "{64}" in pattern
                else "620622"
                if r"\d" in pattern
                else "x" * max(2, kind.get("minLength", 0))
            )


def values_of(schema: Json, document: Json, *, text: bool = False) -> Iterator[tuple[Any, bool]]:
    """(value, whether it must be refused). `text`: as a parameter, where everything is text."""
    kinds = alternatives(schema, document)
    types = {str(kind.get("type")) for kind in kinds}
    nullable = "null" in types
    for kind in kinds:
        alone = len(types - {"null"}) == 1 and len([one for one in kinds if one.get("type") != "null"]) == 1
        for value, outside in _of_kind(kind, document, text=text):
            yield value, outside and alone
    if not text:
        yield None, not nullable and bool(types) and "None" not in types


def _of_kind(kind: Json, document: Json, *, text: bool) -> Iterator[tuple[Any, bool]]:
    match kind.get("type"):
        case "integer" | "number":
            yield from _numbers(kind, text=text)
        case "boolean":
            yield from ((True, False), ("maybe", True), (HUGE, True))
        case "array":
            yield from _lists(kind, document)
        case "object":
            yield from (
                ([], True),
                ("x", True),
                ({"no_such_field": 1}, kind.get("additionalProperties") is False),
            )
        case "string":
            yield from _strings(kind, text=text)
        case _:
            yield from ()


def _numbers(kind: Json, *, text: bool) -> Iterator[tuple[Any, bool]]:
    least, most = kind.get("minimum"), kind.get("maximum")
    yield from ((one, False) for one in (least, most) if one is not None)
    yield from (
        (one, True)
        for one in (least is not None and least - 1, most is not None and most + 1)
        if one is not False
    )
    # No JSON at all, or more digits than are read: refused as a whole.
    yield from ((Verbatim(one), False) for one in ("NaN", "Infinity", "1e400", "9" * 5000))
    yield from (("x", True), ("", True))
    yield HUGE, most is not None or "exclusiveMaximum" in kind
    yield -HUGE, least is not None or "exclusiveMinimum" in kind
    if kind["type"] == "integer":
        yield 1.5, True


def _lists(kind: Json, document: Json) -> Iterator[tuple[Any, bool]]:
    item = example(kind.get("items", {}), document)
    if (most := kind.get("maxItems")) is not None and most <= 2000:
        yield [item] * (most + 1), True
    yield [], kind.get("minItems", 0) > 0
    yield from (({}, True), ("x", True), ([[[]]], False), ([None], False), ([HUGE], False))


def _strings(kind: Json, *, text: bool) -> Iterator[tuple[Any, bool]]:
    if "enum" in kind or "const" in kind:
        yield from ((("no_such_choice"), True), ("", True), ("\x00", True))
        return
    form, pattern = kind.get("format"), kind.get("pattern")
    if form == "date-time":
        yield from ((one if not text else str(one), True) for one in TIMES_OUTSIDE)
        yield from (("1970-01-01T14:00:00+14:00", False), ("2199-12-31T00:00:00Z", False))
    elif form == "duration":
        yield from ((one if not text else str(one), True) for one in SPANS_OUTSIDE)
    elif form in ("date", "time"):
        yield from (
            ("0001-01-01", form == "time"),
            ("9999-12-31", form == "time"),
            ("08:30:00+08:00", form == "date"),
            ("25:00", True),
        )
    elif pattern:
        yield from ((one, True) for one in NOT_IDS)
        yield "é", True
    else:
        yield from ((one, False) for one in ODD_LETTERS)
    if (most := kind.get("maxLength")) is not None and most <= 30_000:
        yield "x" * most, False
        yield "x" * (most + 1), True
    if (least := kind.get("minLength", 0)) > 0:
        yield "x" * (least - 1), True
    if not text:
        yield from ((5, form not in ("date-time", "duration", "date", "time")), ([], True), ({}, True))


def _with(base: Any, where: tuple[str | int, ...], value: Any) -> Any:
    """`base` with `value` at `where`, the way there made where it is missing."""
    if not where:
        return value
    first, rest = where[0], where[1:]
    if isinstance(first, int):
        items = cast("list[Any]", base) if isinstance(base, list) else []
        return [_with(items[0] if items else None, rest, value)]
    fields = cast(Json, base) if isinstance(base, dict) else {}
    return {**fields, first: _with(fields.get(first), rest, value)}


def encoded(body: Any) -> bytes:
    """JSON; words that JSON does not have stand in it as they are."""

    def plain(value: Any) -> str:
        if isinstance(value, Verbatim):
            return str(value)
        if isinstance(value, dict):
            return (
                "{"
                + ",".join(f"{json.dumps(name)}:{plain(inner)}" for name, inner in cast(Json, value).items())
                + "}"
            )
        if isinstance(value, list):
            return "[" + ",".join(plain(inner) for inner in cast("list[Any]", value)) + "]"
        return json.dumps(value)

    return plain(body).encode()
