"""What lies on this machine: Python, packages, the directory and the policy, secrets."""

import stat
import sys
from importlib.util import find_spec

from fenghuo import embedded
from fenghuo.examination.finding import Finding, Grade, Patient
from fenghuo.parts import located
from fenghuo.speech import worded
from shared.message import N_
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
            Finding(
                N_("python"),
                Grade.FAULT,
                version,
                worded("use Python 3.11 or later: PYTHON=python3.11 make setup"),
            )
        ]
    return [Finding(N_("python"), Grade.WELL, f"{version}, {sys.executable}")]


def packages(_: Patient) -> list[Finding]:
    missing = [name for name in PACKAGES if find_spec(name.split(".", maxsplit=1)[0]) is None]
    findings = [
        Finding(
            N_("packages"),
            Grade.FAULT,
            worded("missing: %(missing)s", missing=", ".join(missing)),
            worded("run `make setup`"),
        )
        if missing
        else Finding(
            N_("packages"), Grade.WELL, worded("%(count)s looked for, all there", count=len(PACKAGES))
        )
    ]
    try:
        findings.append(Finding(N_("nats-server"), Grade.WELL, embedded.nats_server_path()))
    except embedded.EmbeddedError:
        findings.append(
            Finding(
                N_("nats-server"),
                Grade.NOTE,
                worded("not installed here"),
                worded("needed for `make up` only: run `make setup`"),
            )
        )
    if not embedded.MONGO_SERVER.exists():
        findings.append(
            Finding(
                N_("embedded store"),
                Grade.NOTE,
                worded("not installed here"),
                worded("needed for `make up` only: run `make setup`"),
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
        return [Finding(N_("directory"), Grade.FAULT, str(fault), worded("mend %(path)s", path=path))]
    if faults := misfits(directory):
        return [
            Finding(
                N_("directory"),
                Grade.FAULT,
                "\n".join(faults),
                worded("mend %(path)s: the broker takes no such object", path=path),
            )
        ]
    findings = [
        Finding(
            N_("directory"),
            Grade.WELL,
            worded(
                "%(count)s units, %(count2)s posts, none dark (%(path)s)",
                count=len(directory.units),
                count2=len(directory.posts),
                path=path,
            ),
        )
    ]
    path = located(patient.settings.policy)
    try:
        policy = load_checked(path, directory)
    except YamlFault as fault:
        return [*findings, Finding(N_("policy"), Grade.FAULT, str(fault), worded("mend %(path)s", path=path))]
    findings.append(Finding(N_("policy"), Grade.WELL, f"{policy.label} ({path})"))
    path = located(patient.settings.forms)
    try:
        forms = load_forms(path)
    except YamlFault as fault:
        return [*findings, Finding(N_("forms"), Grade.FAULT, str(fault), worded("mend %(path)s", path=path))]
    count = len(forms.all())
    return [
        *findings,
        Finding(N_("forms"), Grade.WELL, worded("%(count)s forms (%(path)s)", count=count, path=path)),
    ]


def secrets(patient: Patient) -> list[Finding]:
    folder = patient.secrets
    names = [*(file.value for file in SecretFile), *(nkey_file(user) for user in NATS_USERS)]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        words = worded(
            "%(count)s of %(count2)s missing in %(folder)s: %(missing)s%(value)s",
            count=len(missing),
            count2=len(names),
            folder=folder,
            missing=", ".join(missing[:4]),
            value=" …" if len(missing) > 4 else "",
        )
        return [
            Finding(
                N_("secrets"),
                Grade.FAULT,
                words,
                worded("run `fenghuo bootstrap --secrets-only`, or `make up`, which makes them"),
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
                N_("secrets"),
                Grade.FAULT,
                worded("others can read %(listed)s in %(folder)s", listed=listed, folder=folder),
                worded("chmod -R go-rwx %(folder)s", folder=folder),
            )
        ]
    return [
        Finding(
            N_("secrets"),
            Grade.WELL,
            worded("%(count)s in %(folder)s, readable by their owner alone", count=len(names), folder=folder),
        )
    ]
