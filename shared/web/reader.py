"""Which language a reader has.

Invariant: the reader's own choice goes before the browser's.
"""

from fastapi import Request

from shared.language.preference import preferred
from shared.vocabulary import Language

COOKIE = "fenghuo_language"


def language_of(request: Request) -> Language:
    """`?lang=`, else what was chosen before, else what the browser prefers, else English."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in tuple(Language):
            return Language(chosen)
    return preferred(request.headers.get("accept-language", ""))
