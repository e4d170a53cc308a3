"""What a fault of ours costs: the part that failed is undone and named in an effect, everything beside it is
decided as ever.
"""

from typing import Any, Self, cast

from services.escalator.deciding.draft import Draft, Why
from shared.facts import EffectKind

NOTE_LIMIT = 300
"""Characters said about what was left out."""


class _Failing:
    """In a draft that is not careful whatever fails fails the whole: one object for all, made once."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_FAILING = _Failing()


class LeavingOut:
    """`with LeavingOut(draft, "rule_failed", rule.name):` what fails inside a careful draft is undone, and an
    effect says so.
    """

    __slots__ = ("_draft", "_kept", "_more", "_what", "_why")

    def __init__(self, draft: Draft, why: Why, what: str, **more: Any) -> None:
        self._draft, self._why, self._what, self._more = draft, why, what, more
        self._kept: dict[str, Any] | None = None

    def __new__(cls, draft: Draft, *_: Any, **__: Any) -> Self:
        return object.__new__(cls) if draft.is_careful else cast(Self, _FAILING)

    def __enter__(self) -> None:
        self._kept = self._draft.kept()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if self._kept is None or not isinstance(error, Exception):
            return False
        self._draft.restore(self._kept)
        self._draft.note(EffectKind.LEFT_OUT, self._why, note=failed(self._what, error), **self._more)
        return True


def failed(what: str, error: Exception) -> str:
    """What failed and how, short enough for a line."""
    return f"{what} ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else '-'})"[
        :NOTE_LIMIT
    ]
