"""Who may see a page and whose form may act.

Invariant: a form acts only when the browser says it was sent from our own page, whatever cookie comes with
it; and a page leads back only to a path of this host.
"""

from fastapi import Request

from shared.message import N_
from shared.problems import Problem
from shared.tokens import CROSS_SITE, sent_from_here


def same_origin(request: Request) -> None:
    """Raises Problem 403 for a form that another site sent."""
    if not sent_from_here(request):
        raise Problem(403, N_("Forbidden"), CROSS_SITE)


def safe_path(path: str) -> str:
    """`path` if it is a path of this host, else `/`. A backslash counts: browsers read it as a slash."""
    if (
        not path.startswith("/")
        or path.startswith("//")
        or "\\" in path
        or any(ord(letter) < 32 for letter in path)
    ):
        return "/"
    return path


def path_of(request: Request) -> str:
    """Where the reader was, without the language switch, to lead back to."""
    query = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("lang="))
    return safe_path(request.url.path + (f"?{query}" if query else ""))
