"""What the pages of a service know of logging in: whether sessions open them, for which hosts a cookie is,
where the desk is, and where a log-in may lead.

Invariant: a log-in leads to a path of this host or to pages of this installation, never anywhere else.
"""

from dataclasses import dataclass

from fastapi import Response

from shared import sessions
from shared.session_follower import Sessions
from shared.tokens import COOKIE
from shared.web.guard import safe_path


@dataclass(frozen=True)
class LogIn:
    sessions: Sessions
    secure: bool
    """Cookies go over TLS alone."""
    domain: str = ""
    desk: str = ""
    """Where people log in by link or code, if not here."""
    here: str = ""
    """How people reach this service's pages."""
    others: tuple[str, ...] = ()
    """Pages of this installation on other hosts or ports, to which a log-in may lead back."""
    provider: str = ""
    """What people call the provider that vouches for them; empty: none does."""
    by_code: bool = False
    """Whether people log in by link and code here."""

    def safe_next(self, following: str) -> str:
        """`following`, if it is a path of this host or an address of this installation; else `/`."""
        path = safe_path(following)
        if path != "/" or not any(following.startswith(f"{place}/") for place in self.others if place):
            return path
        ordinary = "\\" not in following and all(letter.isprintable() for letter in following)
        return following if ordinary else "/"

    def on_the_desk(self, following: str) -> str:
        """Where to come back to from the desk's log-in page."""
        return f"{self.here}{safe_path(following)}"

    def keep(self, response: Response, cookie: str) -> None:
        """The browser gets the session, and loses what it may have had before."""
        self.forget(response)
        response.set_cookie(
            sessions.COOKIE,
            cookie,
            max_age=int(sessions.LONGEST.total_seconds()),
            domain=self.domain or None,
            httponly=True,
            samesite="strict",
            secure=self.secure,
        )

    def wish(self, response: Response, role: str) -> None:
        """Under which role this browser acts from now on."""
        response.set_cookie(
            sessions.ROLE_COOKIE,
            role,
            max_age=int(sessions.LONGEST.total_seconds()),
            domain=self.domain or None,
            httponly=True,
            samesite="strict",
            secure=self.secure,
        )

    def forget(self, response: Response) -> None:
        for name, domain in (
            (COOKIE, None),
            (sessions.COOKIE, self.domain or None),
            (sessions.ROLE_COOKIE, self.domain or None),
        ):
            response.delete_cookie(name, domain=domain, httponly=True, samesite="strict", secure=self.secure)
