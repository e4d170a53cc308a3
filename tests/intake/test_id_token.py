"""An ID token counts only where the provider's own key signed it, for this client, for this log-in, now."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from services.intake.logging_in.id_token import IdTokenRefused, subject_of

KEY, OTHER = (generate_private_key(65537, 2048) for _ in range(2))
KEYS: dict[str, Any] = {
    "keys": [{**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k", "use": "sig"}]
}
GOOD: dict[str, Any] = {"iss": "https://id.example", "aud": "fenghuo", "sub": "zhou_wu", "nonce": "n"}


def read(key: Any = KEY, algorithm: str = "RS256", *, without: str = "", **claims: Any) -> str:
    now = int(time.time())
    said = {**GOOD, "iat": now, "exp": now + 300, **claims}
    said.pop(without, None)
    token = jwt.encode(said, key, algorithm=algorithm, headers={"kid": "k"})
    return subject_of(token, KEYS, issuer="https://id.example", client="fenghuo", nonce="n", claim="sub")


def test_a_token_for_this_log_in_says_who_it_is() -> None:
    assert read() == "zhou_wu"
    assert read(aud=["fenghuo", "other"], azp="fenghuo") == "zhou_wu"


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": OTHER},
        {"key": None, "algorithm": "none"},
        {"key": "k" * 32, "algorithm": "HS256"},
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": ["fenghuo", "other"]},
        {"azp": "other"},
        {"nonce": "another"},
        {"sub": ""},
        {"exp": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        *({"without": name} for name in ("iss", "aud", "sub", "exp", "iat", "nonce")),
    ],
)
def test_any_other_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(IdTokenRefused):
        read(**wrong)
