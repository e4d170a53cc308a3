"""Which language: what `--lang` says, else the environment. Pure."""

from collections.abc import Mapping, Sequence

from shared.vocabulary import Language

OPTION = "--lang"
VARIABLES = ("FENGHUO_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set counts; one that names no language of ours means English."""


class Unknown(ValueError):
    """`--lang` names no language of ours."""


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Language, list[str]]:
    """The language, and the arguments without `--lang`: it may stand anywhere before `--`. Raises Unknown."""
    rest, wish = list[str](), None
    given = iter(arguments)
    for argument in given:
        name, equals, value = argument.partition("=")
        if name == OPTION:
            wish = value if equals else next(given, "")
        else:
            rest.append(argument)
        if argument == "--":
            rest.extend(given)
    if wish is None:
        return _of_environment(environment), rest
    if wish not in tuple(Language):
        raise Unknown(wish)
    return Language(wish), rest


def _of_environment(environment: Mapping[str, str]) -> Language:
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    base = locale.lower().replace("-", "_").partition("_")[0].partition(".")[0]
    return Language(base) if base in tuple(Language) else Language.EN
