"""What a provider says of somebody who has logged in there: an ID token of OpenID Connect, checked. Pure but
for the clock.

Invariant: a token counts only where the provider's own key signed it with a public-key algorithm, for this
client, for this very log-in (nonce), and now.
"""

import hmac
from collections.abc import Mapping
from typing import Any

import jwt

from shared.message import N_, Marked

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
LEEWAY = 120
"""Seconds the provider's clock may differ from ours."""
CLOCK = N_(
    "The provider's clock and ours differ by minutes, so that its word does not count: tell the operator."
)
NOT_ITS_WORD = N_(
    "What came back is not the provider's word for this log-in: begin again, or tell the operator."
)


class IdTokenRefused(Exception):
    """Its words are for whoever wanted to log in."""

    def __init__(self, words: Marked) -> None:
        super().__init__(words)
        self.words = words


class UnknownKeyError(IdTokenRefused):
    """Of a key that is not among those known: they may have been renewed."""


def subject_of(
    token: str, keys: Mapping[str, Any], *, issuer: str, client: str, nonce: str, claim: str
) -> str:
    """The value of `claim`, by which the directory knows the person. Raises IdTokenRefused."""
    try:
        claims = jwt.decode(
            token,
            _key(token, keys),
            algorithms=list(ALGORITHMS),
            audience=client,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise IdTokenRefused(CLOCK) from None
    except jwt.InvalidSignatureError:
        raise UnknownKeyError(NOT_ITS_WORD) from None
    except jwt.PyJWTError:
        raise IdTokenRefused(NOT_ITS_WORD) from None
    parties, party = claims["aud"], claims.get("azp")
    several = isinstance(parties, list) and len(parties) > 1  # pyright: ignore[reportUnknownArgumentType]
    is_ours = party == client if several or party is not None else True
    same_log_in = hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode())
    value = claims.get(claim)
    if not (is_ours and same_log_in and isinstance(value, str) and value):
        raise IdTokenRefused(NOT_ITS_WORD)
    return value


def _key(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    """Raises PyJWTError, UnknownKeyError."""
    named = jwt.get_unverified_header(token).get("kid")
    known = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in (None, "sig")]
    fitting = [key for key in known if key.key_id == named] if named is not None else known
    if len(fitting) != 1:
        raise UnknownKeyError(NOT_ITS_WORD)
    return fitting[0]
