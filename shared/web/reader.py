"""Which language a reader has.

Invariant: the reader's own choice goes before the browser's.
"""

from fastapi import Request

from shared.vocabulary import Language

COOKIE = "fenghuo_language"


def language_of(request: Request) -> Language:
    """`?lang=`, else what was chosen before, else what the browser prefers, else English."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in tuple(Language):
            return Language(chosen)
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept: str) -> Language:
    """The first of ours in the order of the browser's weights."""
    wishes: list[tuple[float, Language]] = []
    for part in accept.split(","):
        tag, _, rest = part.strip().partition(";")
        base = tag.strip().lower().partition("-")[0]
        if base in tuple(Language):
            wishes.append((_weight(rest), Language(base)))
    wishes.sort(key=lambda wish: -wish[0])
    return wishes[0][1] if wishes and wishes[0][0] > 0 else Language.EN


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    try:
        return float(value) if key.strip() == "q" else 1.0
    except ValueError:
        return 0.0
