"""Which of our languages somebody prefers who said so in a header (`Accept-Language`). Pure."""

from shared.vocabulary import Language


def preferred(accept: str) -> Language:
    """The first of ours in the order of the weights."""
    wishes: list[tuple[float, Language]] = []
    for part in accept.split(","):
        tag, _, rest = part.strip().partition(";")
        base = tag.strip().lower().partition("-")[0]
        if base in tuple(Language):
            wishes.append((_weight(rest), Language(base)))
    wishes.sort(key=lambda wish: -wish[0])
    return wishes[0][1] if wishes and wishes[0][0] > 0 else Language.EN


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    try:
        return float(value) if key.strip() == "q" else 1.0
    except ValueError:
        return 0.0
