"""What `fenghuo policy explain` prints: who would be told when, why, and by which line."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from rich.markup import escape

from fenghuo.answers import out
from services.escalator.playing.explain import ExplainedStep, Explanation
from shared.language.words import Words
from shared.settings import Settings
from shared.vocabulary import Language


def show_explanation(
    explained: Explanation, now: datetime, name: str, settings: Settings, language: Language
) -> None:
    """One line for each moment, thing and rule, with everybody it is about."""
    words = Words(language)
    out.print(
        words.name(explained.text),
        f"[dim]({explained.policy})[/]\n",
        highlight=False,
    )

    def key(step: ExplainedStep) -> tuple[datetime, str, str]:
        return step.at, words.name(step.text), step.rule.path

    for (at, text, path), several in groupby(sorted(explained.steps, key=key), key=key):
        steps = list(several)
        after = int((at - now).total_seconds())
        who = words.listed(
            dict.fromkeys(
                words.aside(words.name(step.person_name), words.name(step.post_name)) for step in steps
            )
        )
        local = at.astimezone(settings.zone)
        day = f"{local:%m-%d} " if local.date() != now.astimezone(settings.zone).date() else ""
        channels = f" [{_over(words, steps[0].channels)}]" if steps[0].channels else ""
        out.print(
            f"[bold]{after // 3600:+d}:{after // 60 % 60:02d}[/] {day}{local:%H:%M} ", end="", highlight=False
        )
        out.print(
            f"{escape(words.of_somebody(text, who + channels))}  [dim]{path} ({name}:{steps[0].rule.line})[/]",
            highlight=False,
        )
    for tell in explained.tells:
        said = words.of_somebody(words.name(tell.title), words.names(tell.to))
        by = f"[{_over(words, tell.channels)}]"
        out.print(
            f"{escape(said)} {escape(by)}  [dim]{tell.rule.path} ({name}:{tell.rule.line})[/]",
            highlight=False,
        )


def _over(words: Words, channels: Sequence[str]) -> str:
    return words.listed(words.label("channel", channel) for channel in channels)
