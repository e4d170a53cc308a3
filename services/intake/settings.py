"""What an operator may set for intake, besides what every service reads."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class IntakeSettings(Settings):
    duties_wait: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(seconds=30))] = timedelta(seconds=2)
    """How long an answer waits for the escalator's decision before it goes out without."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How far a reporter's clock may be ahead of ours."""
    oidc_client: str = "fenghuo"
    """As what the provider (`oidc_issuer`) knows this installation."""
    oidc_name: str = "OpenID Connect"
    """What people call the provider, on the log-in page."""
    oidc_secret_file: str = ""
    """The client's secret in a file; empty: it has none."""
    oidc_claim: str = "sub"
    """The claim of the provider's ID token in which the directory's id of the person stands."""
    oidc_scope: str = "openid"
    oidc_ca: str = ""
    """A PEM file with the certificates of a private CA, which is then the only one trusted for the provider."""
    oidc_proxy: str = ""
    oidc_inside: bool = False
    """Whether the provider may stand in the house's own network. Else no private address is asked."""
    session: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=2))] = timedelta(hours=12)
    """How long a log-in holds from its last use on: a shift. After seven days it ends in any case."""
    trail_url: str = ""
    """Where the pages of the trail are: a log-in may lead back to them. Empty: they have none of this host."""
    policy_url: str = ""
    """Where the pages of the policy are, for the desk's menu. Empty: no link."""
