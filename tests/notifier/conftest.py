"""A notifier as a process, a gateway lab it delivers to, and the record of what it says."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fenghuo.gateway_lab import GatewayLab
from shared.secrets import SecretFile, read_secret
from tests.lab import Lab, Running, lab_in
from tests.notifier.decisions import Record, record_of

CHANNELS = """
channels:
  voice:
    kind: webhook
    url: ${FENGHUO_GATEWAY_URL}/voice
    replies: ${FENGHUO_GATEWAY_REPLIES:-false}
    private: true
    form: spoken
    timeout: PT1S
    retry: {attempts: 3, first: PT0.2S, cap: PT1S, jitter: 0}
  sms:
    kind: webhook
    url: ${FENGHUO_GATEWAY_URL}/sms
    replies: ${FENGHUO_GATEWAY_REPLIES:-false}
    private: true
    timeout: PT1S
    retry: {attempts: 3, first: PT0.2S, cap: PT1S, jitter: 0}
  email:
    kind: email
    host: 127.0.0.1
    port: ${FENGHUO_SMTP_PORT}
    from: 烽火 Fenghuo <duty@wangfeng.example>
    starttls: false
    timeout: PT2S
    retry: {attempts: 3, first: PT0.2S, cap: PT1S, jitter: 0}
"""


def quiet_now(channel: str | None = None) -> str:
    """Quiet hours that have begun an hour ago and go on for two, on every channel or on this one."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    since, until = now - timedelta(hours=1), now + timedelta(hours=2)
    only = f", channels: [{channel}]" if channel else ""
    return f'{{from: "{since:%H:%M}", until: "{until:%H:%M}"{only}}}'


DIRECTORY = """
version: test
areas: [{code: "620600", name: {zh: 望烽市, en: Wangfeng City}}]
units: [{id: government, name: {zh: 市政府, en: Government}, area: "620600"}]
people:
  - id: zhao_jia
    name: {zh: 赵甲, en: Zhao Jia}
    unit: government
    channels:
      - {channel: voice, address: "+860000000101"}
      - {channel: sms, address: "+860000000101"}
      - {channel: email, address: zhao.jia@wangfeng.example}
  - id: qian_yi
    name: {zh: 钱乙, en: Qian Yi}
    unit: government
    language: en
    channels: [{channel: email, address: qian.yi@wangfeng.example}]
  - id: sun_bing
    name: {zh: 孙丙, en: Sun Bing}
    unit: government
    channels: [{channel: sms, address: "+860000000103"}, {channel: sms, address: "+860000000203"}]
  - id: li_ding
    name: {zh: 李丁, en: Li Ding}
    unit: government
    channels: [{channel: voice, address: "+860000000104"}]
  - id: wu_ye
    name: {zh: 吴夜, en: Wu Ye}
    unit: government
    channels: [{channel: sms, address: "+860000000105"}]
    quiet: QUIET
  - id: zheng_ye
    name: {zh: 郑夜, en: Zheng Ye}
    unit: government
    channels: [{channel: sms, address: "+860000000106"}, {channel: email, address: zheng.ye@wangfeng.example}]
    quiet: QUIET_BY_SMS
posts: [{id: party_main, name: {zh: 书记, en: Secretary}, unit: government, holder: zhao_jia}]
""".replace("QUIET_BY_SMS", quiet_now("sms")).replace("QUIET", quiet_now())


class Reachable(Protocol):
    """A gateway of this machine, wherever it runs."""

    @property
    def url(self) -> str: ...

    smtp_port: int


async def start_notifier(lab: Lab, gateway: Reachable, channels: str = CHANNELS, **env: str) -> Running:
    (lab.folder / "channels.yaml").write_text(channels, encoding="utf-8")
    (lab.folder / "people.yaml").write_text(DIRECTORY, encoding="utf-8")
    ours = {
        "FENGHUO_CHANNELS": str(lab.folder / "channels.yaml"),
        "FENGHUO_DIRECTORY": str(lab.folder / "people.yaml"),
        "FENGHUO_GATEWAY_URL": gateway.url,
        "FENGHUO_SMTP_PORT": str(gateway.smtp_port),
        "FENGHUO_GATHER": "PT0.3S",
        "FENGHUO_DECISION_WAIT": "PT0.2S",  # no escalator runs here
    }
    return await lab.start_service("notifier", command=None, wait=True, **{**ours, **env})


def webhook_key(lab: Lab) -> str:
    return read_secret(lab.secrets, SecretFile.WEBHOOK).decode()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A broker beside the shared one: who is who belongs to a broker, and here it is the directory above."""
    async with lab_in(tmp_path_factory.mktemp("notifier"), mongo=False) as notifier_lab:
        yield notifier_lab


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def gateway(lab: Lab) -> AsyncIterator[GatewayLab]:
    async with GatewayLab(webhook_key(lab)) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def notifier(lab: Lab, gateway: GatewayLab) -> AsyncIterator[Running]:
    running = await start_notifier(lab, gateway)
    yield running
    assert running.stop() == 0
    log = running.log.read_text(encoding="utf-8")
    assert "Logging error" not in log
    assert "+86000" not in log, "never a full number in a log"
    lab.services.remove(running)


@pytest_asyncio.fixture(loop_scope="session")
async def record(lab: Lab, gateway: GatewayLab) -> AsyncIterator[Record]:
    gateway.gateway.rules.clear()
    async with lab.connection("admin") as connection:
        yield await record_of(connection)


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("certificate") / "gateway.pem")


def self_signed(file: Path) -> Path:
    """A PEM file with the key and the certificate of a gateway that no public CA knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + signed.public_bytes(Encoding.PEM)
    )
    return file
