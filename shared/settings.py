"""What an operator may set, all by environment variables with the prefix FENGHUO_, checked once at the start."""

from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

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
    """A file with the service's nkey seed; without it the connection is anonymous (refused by config/nats.conf)."""
    policy: Path = Path("config/policy.yaml")
    directory: Path = Path("config/directory.yaml")
    data_dir: Path = Path(".fenghuo")
    secrets_dir: Path | None = None
    """Where keys lie (token, receipt, link and trail keys). Default: `<data_dir>/secrets`."""
    timezone: str = "Asia/Shanghai"
    http_host: str = "127.0.0.1"
    http_port: int = 0
    """0 stands for the service's own port: intake 8080, escalator 8081, notifier 8082, audit 8083."""
    public_url: str | None = None
    """How people reach this service's pages from outside, for links in messages; default http://<host>:<port>."""
    log_format: str = "auto"
    """`json`, `lines`, or `auto`: lines on a terminal, JSON elsewhere."""

    @property
    def secrets(self) -> Path:
        return self.secrets_dir or self.data_dir / "secrets"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
