"""The OpenID Connect provider: found by its discovery document, asked for a token with the code that a
browser brought, and for its keys.

Invariant: it is asked for nothing but what a log-in needs, each time within seconds and kilobytes; no
redirect is followed; unless the operator says that it stands in the house's own network, no private address
is asked. A provider that is away costs whoever logs in a page that says so, and nothing else.
"""

import base64
import hashlib
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
import structlog
from aiohttp import BasicAuth, ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from services.intake.logging_in.id_token import NOT_ITS_WORD, IdTokenRefused, UnknownKeyError, subject_of
from services.intake.settings import IntakeSettings
from shared.broker.forever import error_text
from shared.message import N_
from shared.reach import is_private, public_socket_of, socket_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AWAY = N_("The provider does not answer: log in with a one-time code, or try again in a while.")
KEPT = 3600.0
"""Seconds for which its documents are remembered."""
PATIENCE, ANSWER_LIMIT = 5.0, 64 * 1024
PAUSE = 2.0
"""Seconds after a failure in which it is not asked again, whoever wants to log in."""
BACK = "/login/provider/back"


@dataclass(frozen=True, slots=True)
class LoginTry:
    """One log-in under way; only its browser has it."""

    state: str
    nonce: str
    verifier: str
    """Of PKCE (RFC 7636)."""

    @classmethod
    def new(cls) -> "LoginTry":
        return cls(token_urlsafe(24), token_urlsafe(24), token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Provider:
    """`back`: the whole address to which browsers come back."""

    def __init__(self, settings: IntakeSettings, back: str) -> None:
        self._settings, self.back = settings, back
        self.issuer, self.name = settings.oidc_issuer, settings.oidc_name
        self._private = settings.oidc_inside
        self._authority = settings.oidc_ca or None
        self._failed_at = -PAUSE
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    async def address(self, attempt: LoginTry) -> str:
        """Where the browser is sent. Raises IdTokenRefused."""
        document = await self._discovered()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings.oidc_client,
                "redirect_uri": self.back,
                "scope": self._settings.oidc_scope,
                "state": attempt.state,
                "nonce": attempt.nonce,
                "code_challenge": attempt.challenge,
                "code_challenge_method": "S256",
            }
        )
        place = str(document["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{query}"

    async def subject(self, attempt: LoginTry, code: str) -> str:
        """Who has logged in there, by the claim that the directory's ids stand in. Raises IdTokenRefused."""
        document = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": attempt.verifier,
            # Who has no secret says in the form who they are.
            **({} if self._settings.oidc_secret_file else {"client_id": self._settings.oidc_client}),
        }
        answer = await self._ask(str(document["token_endpoint"]), form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IdTokenRefused(AWAY)
        try:
            return self._said(token, await self._document(str(document["jwks_uri"])), attempt)
        except UnknownKeyError:
            return self._said(token, await self._document(str(document["jwks_uri"]), anew=True), attempt)

    def _said(self, token: str, keys: dict[str, Any], attempt: LoginTry) -> str:
        return subject_of(
            token,
            keys,
            issuer=self.issuer,
            client=self._settings.oidc_client,
            nonce=attempt.nonce,
            claim=self._settings.oidc_claim,
        )

    async def _discovered(self) -> dict[str, Any]:
        document = await self._document(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        secure = urlsplit(self.issuer).scheme
        places = [urlsplit(str(document.get(name, ""))) for name in wanted]
        if document.get("issuer") != self.issuer or any(
            place.scheme not in ("https", secure) for place in places
        ):
            log.warning("provider_unusable", issuer=self.issuer, says=str(document.get("issuer"))[:200])
            raise IdTokenRefused(AWAY)
        return document

    async def _document(self, url: str, *, anew: bool = False) -> dict[str, Any]:
        kept = self._kept.get(url)
        if kept is None or anew or time.monotonic() - kept[0] > KEPT:
            if time.monotonic() - self._failed_at < PAUSE:
                raise IdTokenRefused(AWAY)
            try:
                kept = self._kept[url] = (time.monotonic(), await self._ask(url))
            except IdTokenRefused:
                self._failed_at = time.monotonic()
                raise
        return kept[1]

    async def _ask(self, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        """The JSON object it answers; a form is sent with the client's secret. Raises IdTokenRefused."""
        try:
            self._check_reach(url)
            tls = ssl.create_default_context(cafile=self._authority) if url.startswith("https") else True
            proxy = self._settings.oidc_proxy or None
            opened = socket_of if self._private or proxy else public_socket_of
            async with (
                ClientSession(
                    connector=TCPConnector(ssl=tls, socket_factory=opened),
                    timeout=ClientTimeout(total=PATIENCE),
                    cookie_jar=DummyCookieJar(),
                ) as session,
                session.request(
                    "GET" if form is None else "POST",
                    url,
                    data=form,
                    auth=self._secret() if form is not None and self._settings.oidc_secret_file else None,
                    headers={"Accept": "application/json"},
                    proxy=proxy,
                    allow_redirects=False,
                ) as response,
            ):
                raw = await response.content.read(ANSWER_LIMIT)
                while len(raw) < ANSWER_LIMIT and (more := await response.content.read(ANSWER_LIMIT)):
                    raw += more
                answer = orjson.loads(raw)
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("provider_away", host=urlsplit(url).hostname, error=error_text(error)[:200])
            raise IdTokenRefused(AWAY) from None
        if form is not None and response.status in (400, 401, 403):
            log.warning("provider_refused", error=str(answer)[:200])
            raise IdTokenRefused(NOT_ITS_WORD)
        if response.status != 200 or not isinstance(answer, dict):
            log.warning("provider_unusable", host=urlsplit(url).hostname, status=response.status)
            raise IdTokenRefused(AWAY)
        return answer  # pyright: ignore[reportUnknownVariableType] - as JSON says

    def _check_reach(self, url: str) -> None:
        """Raises ValueError for a private address that is written as such."""
        try:
            refused = not self._private and is_private(urlsplit(url).hostname or "")
        except ValueError:
            return  # a name is looked at when it is connected to
        if refused:
            raise OSError("a private address")

    def _secret(self) -> BasicAuth:
        """client_secret_basic (RFC 6749, 2.3.1)."""
        secret = Path(self._settings.oidc_secret_file).read_text(encoding="utf-8").strip()
        return BasicAuth(quote(self._settings.oidc_client, safe=""), quote(secret, safe=""))
