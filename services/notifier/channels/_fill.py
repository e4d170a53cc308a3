"""Puts a message into the request that a description lays out. Pure.

Invariant: nothing of a message can change the shape of a request: values go into leaves, each encoded for
where it stands. A text that is cut keeps its link whole.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import orjson
from pydantic import JsonValue
from yarl import URL

from services.notifier.channels import Message, TransportError, Trouble
from services.notifier.channels._description import Asking
from shared.message import N_, said

HOLE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_.]*)(?::(\d{1,5})(b?))?(?:\|(xml|json|url|raw))?\}|[{}]")
"""`{text}`, `{text:70}` cut to letters, `{text:2048b}` cut to bytes, `{text|xml}` encoded; `{{` is a brace."""
MESSAGE_PARTS = frozenset(
    [
        "to",
        "to_digits",
        "to_national",
        "text",
        "words",
        "subject",
        "link",
        "link_path",
        "id",
        "id_hash",
        "case",
        "level",
        "language",
        "at",
        "back",
    ]
)
ELLIPSIS = "…"
DOTS = frozenset((".", ".."))


class NotGiven(Exception):
    """An optional part is not given: what names it is left out."""


@dataclass
class GatewayRequest:
    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None


def message_parts(message: Message, country: str) -> dict[str, JsonValue]:
    text, link = message.letter.text, message.link or ""
    digits = message.to.removeprefix("+")
    place = urlsplit(link)
    return {
        "to": message.to,
        "to_digits": digits,
        "to_national": digits.removeprefix(country) if message.to.startswith("+") else digits,
        "text": text,
        "words": text.removesuffix(link).rstrip() if link else text,
        "subject": message.letter.subject,
        "link": link,
        "link_path": f"{place.path}?{place.query}" if place.query else place.path,
        "id": message.id,
        "id_hash": hashlib.sha256(message.id.encode()).hexdigest()[:32],
        "case": message.case,
        "level": message.level or "",
        "language": message.language,
        "at": message.at.isoformat(timespec="seconds"),
        "back": message.back or "",
    }


def holes(template: JsonValue) -> Iterator[tuple[str, str | None]]:
    """Each name in a template, with how it is encoded. Raises ValueError for a brace that is none."""
    match template:
        case str():
            for hole in HOLE.finditer(template):
                if hole.group(1):
                    yield hole.group(1), hole.group(4)
                elif hole.group() in ("{", "}"):
                    raise ValueError(
                        said(
                            N_("%(template)s has a single brace: write {{ or }}, or {text}"),
                            template=repr(template[:60]),
                        )
                    )
        case dict():
            for key, value in template.items():
                yield from holes(key)
                yield from holes(value)
        case list():
            for value in template:
                yield from holes(value)
        case _:
            return


class Filler:
    """`parts`: what each name stands for; `optional`: names that may stand for nothing."""

    def __init__(self, parts: Mapping[str, JsonValue], optional: frozenset[str]) -> None:
        self._parts, self._optional = parts, optional
        self._link = str(parts.get("link", ""))

    def request(self, asking: Asking) -> GatewayRequest:
        headers = self._present(cast(dict[str, JsonValue], asking.headers))
        request = GatewayRequest(
            asking.method,
            self._url(asking.url, asking.query),
            {name: str(value) for name, value in headers.items()},
            None,
        )
        if asking.json_body is not None:
            request.headers.setdefault("Content-Type", "application/json; charset=utf-8")
            request.body = orjson.dumps(self.value(asking.json_body))
        elif asking.form_body is not None:
            request.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            request.body = self._pairs(asking.form_body).encode()
        elif asking.text_body is not None:
            request.headers.setdefault("Content-Type", "text/plain; charset=utf-8")
            request.body = self.text(asking.text_body).encode()
        return request

    def value(self, template: JsonValue) -> JsonValue:
        """The same shape with values in it. Raises NotGiven."""
        match template:
            case str():
                whole = HOLE.fullmatch(template)
                if whole and whole.group(1) and not any(whole.group(2, 3, 4)):
                    return self._part(whole.group(1))
                return self.text(template)
            case dict():
                return self._present(template)
            case list():
                return [self.value(each) for each in template]
            case _:
                return template

    def _present(self, template: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        filled: dict[str, JsonValue] = {}
        for key, value in template.items():
            try:
                filled[key] = self.value(value)
            except NotGiven:
                continue
        return filled

    def _part(self, name: str) -> JsonValue:
        if name in self._optional and name not in self._parts:
            raise NotGiven
        return self._parts[name]

    def text(self, template: str, *, encode: str | None = None) -> str:
        """The template with its parts filled in."""

        def fill(hole: re.Match[str]) -> str:
            name, limit, in_bytes, encoding = hole.groups()
            if not name:
                return hole.group()[0]
            text = _plain(self._part(name))
            if encode == "url" and text in DOTS:  # as a part of a path it would mean another place
                raise TransportError(f"{text!r} is no address: mend it in the directory", Trouble.ADDRESS)
            if limit:
                text = cut(text, int(limit), self._link, in_bytes=bool(in_bytes))
            return _encoded(text, encoding or encode)

        return HOLE.sub(fill, template)

    def _url(self, template: str, query: Mapping[str, JsonValue]) -> URL:
        url = self.text(template, encode="url")
        pairs = self._pairs(query)
        return URL(f"{url}?{pairs}" if pairs else url, encoded=True)

    def _pairs(self, fields: Mapping[str, JsonValue]) -> str:
        return encoded_pairs({name: _plain(value) for name, value in self._present(fields).items()})


def encoded_pairs(fields: Mapping[str, str]) -> str:
    """As RFC 3986 has it, which is what signatures are made of."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in fields.items())


def cut(text: str, limit: int, link: str = "", *, in_bytes: bool = False) -> str:
    """At most `limit` letters (or bytes of UTF-8); a link at its end stays whole where it fits."""

    def size(words: str) -> int:
        return len(words.encode()) if in_bytes else len(words)

    if size(text) <= limit:
        return text
    end = f"{ELLIPSIS} {link}" if link and text.endswith(link) else ELLIPSIS
    if size(end) > limit:
        end = ""
    words = text.removesuffix(link) if link else text
    room = limit - size(end)
    start = words.encode()[:room].decode(errors="ignore") if in_bytes else words[:room]
    return f"{start.rstrip()}{end}"


def _plain(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return orjson.dumps(value).decode()
        case None:
            return ""
        case _:
            return str(value)


def _encoded(text: str, encoding: str | None) -> str:
    match encoding:
        case "xml":
            return escape(text, {'"': "&quot;", "'": "&apos;"})
        case "json":
            return orjson.dumps(text).decode()[1:-1]
        case "url":
            return _quoted(text)
        case _:
            return text


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
