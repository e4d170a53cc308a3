"""Who may see a page and whose form may act.

Invariant: a form acts only when the browser says it was sent from our own page, whatever cookie comes with it; and a page
leads back only to a path of this host.
"""

from urllib.parse import urlsplit

from fastapi import Request

from shared.problems import Problem
from shared.web.languages import N_

CROSS_SITE = N_("This form was not sent from a page of this system. Open the page again and repeat it there.")


def same_origin(request: Request) -> None:
    """Raises Problem 403 for a form that another site sent. Browsers name the origin in one of two headers; who names none is refused."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site == "same-origin"
    else:
        # Browsers send Sec-Fetch-Site to secure origins only; plain http inside a closed network has Origin alone.
        ours = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "-")
    if not ours:
        raise Problem(403, "Forbidden", CROSS_SITE)


def safe_path(wanted: str) -> str:
    """`wanted` if it is a path of this host, else `/`. A backslash counts: browsers read it as a slash."""
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or any(ord(letter) < 32 for letter in wanted):
        return "/"
    return wanted


def path_of(request: Request) -> str:
    """Where the reader was, without the language switch, to lead back to."""
    query = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("lang="))
    return safe_path(request.url.path + (f"?{query}" if query else ""))
