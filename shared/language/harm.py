"""Harm in words: `死亡3人、被困38人`, and what has changed of it: `死亡3→5人`. Pure."""

from shared.facts import HARM, HarmCount
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

COUNTED = {
    "deaths": N_("%(count)s dead"),
    "missing": N_("%(count)s missing"),
    "trapped": N_("%(count)s trapped"),
    "injuries": N_("%(count)s seriously injured"),
    "evacuated": N_("%(count)s evacuated"),
    "loss": N_("direct loss %(count)s"),
}


BEFORE = N_("%(said)s, %(was)s before")


def harm_in_words(
    words: Words, harm: HarmCount, before: HarmCount | None = None, *, aloud: bool = False
) -> str:
    """Every count that is not nought; with `before`, those that have changed as `3→5`, which nobody can read
    `aloud`.
    """
    said: list[str] = []
    for name in HARM:
        now, was = getattr(harm, name), getattr(before or harm, name)
        if not now and not was:
            continue
        count, count_before = _count(words, name, now), _count(words, name, was)
        if was == now or aloud:
            text = words.of(COUNTED[name], count=count)
            said.append(text if was == now else words.of(BEFORE, said=text, was=count_before))
        else:
            said.append(words.of(COUNTED[name], count=f"{count_before}→{count}"))
    return words.claims(said) if aloud else words.listed(said)


def _count(words: Words, name: str, count: int) -> str:
    if name != "loss":
        return str(count)
    if words.language is not Language.ZH:
        return f"CNY {count:,}"
    for size, unit in ((100_000_000, "亿元"), (10_000, "万元")):
        if count >= size:
            return f"{count / size:.2f}".rstrip("0").rstrip(".") + unit
    return f"{count}元"
