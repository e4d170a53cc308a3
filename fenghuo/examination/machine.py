"""What lies on this machine: Python, packages, the directory and the policy, secrets."""

import stat
import sys
from importlib.util import find_spec

from fenghuo import embedded
from fenghuo.examination.finding import Finding, Grade, Patient
from fenghuo.parts import located
from shared.secrets import NATS_USERS, SecretFile, nkey_file

PACKAGES = (
    "faststream",
    "nats",
    "fastapi",
    "uvicorn",
    "uvloop",
    "motor",
    "orjson",
    "cryptography",
    "lxml",
    "aiosmtplib",
    "yaml",
)
OLDEST_PYTHON = (3, 11)


def python(_: Patient) -> list[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return [
            Finding("python", Grade.FAULT, version, "use Python 3.11 or later: PYTHON=python3.11 make setup")
        ]
    return [Finding("python", Grade.WELL, f"{version}, {sys.executable}")]


def packages(_: Patient) -> list[Finding]:
    missing = [name for name in PACKAGES if find_spec(name.split(".", maxsplit=1)[0]) is None]
    findings = [
        Finding("packages", Grade.FAULT, f"missing: {', '.join(missing)}", "run `make setup`")
        if missing
        else Finding("packages", Grade.WELL, f"{len(PACKAGES)} looked for, all there")
    ]
    try:
        findings.append(Finding("nats-server", Grade.WELL, embedded.nats_server_path()))
    except embedded.EmbeddedError:
        findings.append(
            Finding(
                "nats-server", Grade.NOTE, "not installed here", "needed for `make up` only: run `make setup`"
            )
        )
    if not embedded.MONGO_SERVER.exists():
        findings.append(
            Finding(
                "embedded store",
                Grade.NOTE,
                "not installed here",
                "needed for `make up` only: run `make setup`",
            )
        )
    return findings


def configuration(patient: Patient) -> list[Finding]:
    from services.escalator.policy.load import load_checked
    from shared.directory import load_directory
    from shared.directory.fit import misfits
    from shared.forms import load_forms
    from shared.lined_yaml import YamlFault

    path = located(patient.settings.directory)
    try:
        directory = load_directory(path)
    except YamlFault as fault:
        return [Finding("directory", Grade.FAULT, str(fault), f"mend {path}")]
    if faults := misfits(directory):
        return [
            Finding(
                "directory", Grade.FAULT, "\n".join(faults), f"mend {path}: the broker takes no such object"
            )
        ]
    findings = [
        Finding(
            "directory",
            Grade.WELL,
            f"{len(directory.units)} units, {len(directory.posts)} posts, none dark ({path})",
        )
    ]
    path = located(patient.settings.policy)
    try:
        policy = load_checked(path, directory)
    except YamlFault as fault:
        return [*findings, Finding("policy", Grade.FAULT, str(fault), f"mend {path}")]
    findings.append(Finding("policy", Grade.WELL, f"{policy.label} ({path})"))
    path = located(patient.settings.forms)
    try:
        forms = load_forms(path)
    except YamlFault as fault:
        return [*findings, Finding("forms", Grade.FAULT, str(fault), f"mend {path}")]
    return [*findings, Finding("forms", Grade.WELL, f"{len(forms.all())} forms ({path})")]


def secrets(patient: Patient) -> list[Finding]:
    folder = patient.secrets
    names = [*(file.value for file in SecretFile), *(nkey_file(user) for user in NATS_USERS)]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        words = f"{len(missing)} of {len(names)} missing in {folder}: {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}"
        return [
            Finding(
                "secrets",
                Grade.FAULT,
                words,
                "run `fenghuo bootstrap --secrets-only`, or `make up`, which makes them",
            )
        ]
    open_files = [
        path
        for path in (folder, *(folder / name for name in names))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_files:
        listed = ", ".join(path.name for path in open_files[:4])
        return [
            Finding(
                "secrets", Grade.FAULT, f"others can read {listed} in {folder}", f"chmod -R go-rwx {folder}"
            )
        ]
    return [Finding("secrets", Grade.WELL, f"{len(names)} in {folder}, readable by their owner alone")]
