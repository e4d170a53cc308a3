"""config/nats.conf as data: as much of the broker's format as that file uses, so that a test can lay it
beside the contract.
"""

import re
from fnmatch import fnmatchcase
from typing import Any, cast

from fenghuo.embedded import NATS_CONF

_TOKEN = re.compile(r'#[^\n]*|(?P<mark>[{}\[\]:,])|"(?P<text>[^"]*)"|(?P<word>[^\s{}\[\]:,#"]+)')


class User:
    """What one user may publish and hear."""

    def __init__(self, name: str, permissions: dict[str, Any]) -> None:
        self.name = name
        publish = permissions["publish"]
        rules = cast(dict[str, Any], publish) if isinstance(publish, dict) else {"allow": publish}
        self.publish = _subjects(rules["allow"])
        self.denied = _subjects(rules.get("deny", []))
        self.subscribe = _subjects(permissions["subscribe"])

    def may_publish(self, subject: str) -> bool:
        return any(covers(p, subject) for p in self.publish) and not any(
            covers(p, subject) for p in self.denied
        )


def covers(pattern: str, subject: str) -> bool:
    """Whether every subject that `subject` stands for (it may have wildcards itself) is matched by
    `pattern`.
    """
    ours, theirs = pattern.split("."), subject.split(".")
    for i, token in enumerate(ours):
        if token == ">":
            return len(theirs) > i
        if i >= len(theirs) or theirs[i] == ">" or (token != "*" and not fnmatchcase(theirs[i], token)):
            return False
    return len(ours) == len(theirs)


def users() -> dict[str, User]:
    found = [
        User(u["nkey"].removeprefix("$FENGHUO_NKEY_").lower(), u["permissions"])
        for u in parse()["accounts"]["CORE"]["users"]
    ]
    return {user.name: user for user in found}


def parse() -> dict[str, Any]:
    tokens = [m for m in _TOKEN.finditer(NATS_CONF.read_text()) if not m.group().startswith("#")]
    return _block(tokens, end="")


def _subjects(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _block(tokens: list[re.Match[str]], end: str) -> dict[str, Any]:
    block: dict[str, Any] = {}
    while tokens:
        token = tokens.pop(0)
        if token["mark"] == end and end:
            return block
        if token["mark"] == ",":
            continue
        key = token["text"] or token["word"]
        assert key, f"a key was expected, not {token.group()}"
        if tokens[0]["mark"] == ":":
            tokens.pop(0)
        block[key] = _value(tokens)
    return block


def _value(tokens: list[re.Match[str]]) -> Any:
    token = tokens.pop(0)
    if token["mark"] == "{":
        return _block(tokens, "}")
    if token["mark"] == "[":
        items: list[Any] = []
        while tokens[0]["mark"] != "]":
            if tokens[0]["mark"] == ",":
                tokens.pop(0)
                continue
            items.append(_value(tokens))
        tokens.pop(0)
        return items
    return token["text"] if token["text"] is not None else token["word"]
