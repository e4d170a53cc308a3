"""What the library of the command line says in English only: types of values, and faults, known by their
form.

Invariant: a fault that is not known here is said as the library says it, never lost.
"""

import re

from pydantic import ValidationError
from typer._click.exceptions import (
    BadParameter,
    ClickException,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)

from fenghuo.speech.words import also, listed, worded
from shared.fault_texts import in_words
from shared.message import N_

TYPES = {
    "str": N_("text"),
    "int": N_("whole number"),
    "int range": N_("whole number"),
    "float": N_("number"),
    "float range": N_("number"),
    "path": N_("path"),
    "list[str]": N_("text, may be repeated"),
    "list[int]": N_("whole numbers"),
    "list[path]": N_("paths"),
}
_LIBRARY = (
    N_("Arguments"),
    N_("Options"),
    N_("Commands"),
    N_("default: {default}"),
    N_("required"),
    N_("env var: {var}"),
    N_("Show this message and exit."),
    N_("Missing command."),
    N_("No such command {name!r}."),
)
"""What the library itself asks its catalogue for."""
_SYSTEM = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("File exists"),
    N_("No space left on device"),
    N_("Read-only file system"),
)
"""What the operating system says of a file that can't be read or written (`strerror`)."""
_FAULTS = (
    (r"(?P<said>.*)\. Did you mean (?P<near>.*)\?", N_("%(said)s Did you mean %(near)s?")),
    (r"Option '(?P<option>.*)' requires an argument\.", N_("The option %(option)s needs a value.")),
    (r"Option '(?P<option>.*)' requires (?P<count>\d+) arguments\.", N_("The option %(option)s needs %(count)s values.")),
    (r"Option '(?P<option>.*)' does not take a value\.", N_("The option %(option)s takes no value.")),
    (r"Argument '(?P<name>.*)' takes (?P<count>\d+) values\.", N_("%(name)s takes %(count)s values.")),
    (r"Got unexpected extra argument\(s\) \((?P<extra>.*)\)", N_("There is too much on the line: %(extra)s")),
    (r"\w+ '(?P<path>.*)' does not exist\.", N_("%(path)s does not exist.")),
    (r"\w+ '(?P<path>.*)' is a directory\.", N_("%(path)s is a folder.")),
    (r"\w+ '(?P<path>.*)' is a file\.", N_("%(path)s is a file.")),
    (r"\w+ '(?P<path>.*)' is not readable\.", N_("%(path)s can't be read.")),
    (r"\w+ '(?P<path>.*)' is not writable\.", N_("%(path)s can't be written.")),
    (r"Could not open file '(?P<path>.*)': .*", N_("%(path)s can't be opened.")),
    (
        r"(?P<given>'.*') is not one of (?P<expected>.*)\.",
        N_("%(given)s is not one of the possible values: write %(expected)s"),
    ),
    (
        r"(?P<value>'.*') does not match the formats? (?P<formats>.*)\.",
        N_("%(value)s is not a time: write it as 2026-11-23T03:05:00+08:00."),
    ),
)  # fmt: skip


def fault_words(error: ClickException) -> str:
    """The fault with the usage line and where help is, as the library shows it."""
    if isinstance(error, NoArgsIsHelpError):
        return error.format_message()
    lines = list[str]()
    if isinstance(error, UsageError) and error.ctx is not None:
        lines.append(error.ctx.get_usage())
        lines.append(worded(N_("Help: '%(command)s --help'."), command=error.ctx.command_path))
    lines.append(worded(N_("Error: %(words)s"), words=_words(error)))
    return "\n".join(lines)


def _words(error: ClickException) -> str:
    if isinstance(error, MissingParameter):
        return _missing(error)
    if isinstance(error, NoSuchOption):
        text = worded(N_("There is no option %(name)s."), name=error.option_name)
        near = listed(sorted(error.possibilities or ()))
        return worded(N_("%(said)s Did you mean %(near)s?"), said=text, near=near) if near else text
    if isinstance(error, BadParameter):
        hint = error.param_hint or (error.param.get_error_hint() if error.param else "")
        return worded(N_("Not a value for %(hint)s: %(words)s"), hint=hint, words=_value_words(error))
    return _known(error.format_message())


def _missing(error: MissingParameter) -> str:
    name = error.param.get_error_hint() if error.param else error.param_hint or "?"
    choices = re.findall(r"\t([^\n,]+)", error.format_message())
    text = worded(N_("%(name)s is missing."), name=name)
    one_of = worded(N_("Choose from: %(choices)s"), choices=listed(choices)) if choices else ""
    return f"{text} {one_of}".rstrip()


def _value_words(error: BadParameter) -> str:
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return _known(also(in_words(cause.errors(include_url=False)[0])))
    return _known(error.message)


def _known(text: str) -> str:
    for form, message in _FAULTS:
        if match := re.fullmatch(form, text):
            values = match.groupdict()
            if "said" in values:
                values["said"] = _known(values["said"])
            return worded(message, **values)
    return text
