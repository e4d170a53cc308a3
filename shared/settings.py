"""What an operator may set, all by environment variables with the prefix FENGHUO_, checked once at the
start.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """What every service reads. A service's own settings add to these and never rename them."""

    model_config = SettingsConfigDict(env_prefix="FENGHUO_", extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    nats_url: str = "nats://127.0.0.1:4222"
    nats_credentials: Path | None = None
    """A file with the service's nkey seed; without it the connection is anonymous (refused by
    config/nats.conf).
    """
    nats_monitor: str = ""
    """The broker's monitoring, http://host:8222, several separated by commas: its own word whether it can
    write. Empty: not asked.
    """
    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """Copies of each stream and bucket, read by whoever declares them (`fenghuo bootstrap`): 3 with three
    brokers. Never lowered.
    """
    policy: Path = Path("config/policy.yaml")
    directory: Path = Path("config/directory.yaml")
    forms: Path = Path("config/forms.yaml")
    data_dir: Path = Path(".fenghuo")
    secrets_dir: Path | None = None
    """Where keys lie (token, receipt, link and trail keys). Default: `<data_dir>/secrets`."""
    timezone: str = "Asia/Shanghai"
    http_host: str = "127.0.0.1"
    http_port: int = 0
    """0 stands for the service's own port: intake 8080, escalator 8081, notifier 8082, audit 8083."""
    internal_port: int = 0
    """Where /metrics and /readyz are served, and nowhere else. 0: beside everything else, for development."""
    internal_host: str = ""
    """The address of the internal port; empty: `http_host`."""
    proxies: str = "127.0.0.1"
    """Addresses and networks of the proxies in front, separated by commas: they are believed when they say
    for whom they ask.
    """
    connections: Annotated[int, Field(ge=16)] = 1000
    """Open at a time; beyond it the one that has waited longest without asking is closed."""
    requests_per_second: Annotated[float, Field(gt=0)] = 100
    requests_at_once: Annotated[int, Field(ge=1)] = 300
    """How often one principal may ask: so many at once, and so many a second from then on; more is answered
    with 429.
    """
    reports_per_second: Annotated[float, Field(gt=0)] = 10
    reports_at_once: Annotated[int, Field(ge=1)] = 5
    reports_patience: Annotated[float, Field(ge=0)] = 20
    """The same for reports, which count apart; one that comes too early waits for its turn, so many seconds,
    before it is refused.
    """
    files_per_second: Annotated[float, Field(gt=0)] = 2
    files_at_once: Annotated[int, Field(ge=1)] = 40
    """The same for files that are uploaded by themselves."""
    strangers_per_second: Annotated[float, Field(gt=0)] = 200
    strangers_at_once: Annotated[int, Field(ge=1)] = 2000
    """The same for an address that shows no token, or asks for what is open to all."""
    public_url: str | None = None
    """How people reach this service's pages from outside, for links in messages; default
    http://<host>:<port>.
    """
    cookie_domain: str = ""
    """The domain under which all pages lie, where each service has a host of its own and a log-in shall open all
    of them: `fenghuo.city.example`. Every host below gets the session's cookie. Empty: one host has all.
    """
    oidc_issuer: str = ""
    """The OpenID Connect provider whose word a log-in may rest on. Empty: none, and no such session counts."""
    traces_url: str = ""
    """Where a span for each message that a service takes from the broker is sent, OTLP over HTTP:
    `http://collector:4318/v1/traces`. Empty: nowhere.
    """
    log_format: str = "auto"
    """`json`, `lines`, or `auto`: lines on a terminal, JSON elsewhere."""

    @property
    def secure(self) -> bool:
        """Cookies go over TLS alone."""
        return self.environment is Environment.PRODUCTION

    @property
    def secrets(self) -> Path:
        return self.secrets_dir or self.data_dir / "secrets"

    @property
    def monitors(self) -> tuple[str, ...]:
        return tuple(address.strip() for address in self.nats_monitor.split(",") if address.strip())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
