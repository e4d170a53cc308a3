"""`fenghuo forms …`: what the forms' file would do wrong, which forms there are, and what each asks for. Nothing
needs to run.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import Exit, InLanguage, answer, fail, out
from fenghuo.speech import also, worded
from services.escalator.policy.load import load_policy
from services.escalator.policy.reading_forms import form_faults
from shared.editor_schema import schema_text
from shared.forms import DeclaredField, DeclaredForm, Forms, load_forms
from shared.forms.schema import forms_schema
from shared.language.words import Words
from shared.lined_yaml import YamlFault
from shared.message import Sayable, because
from shared.settings import Settings
from shared.vocabulary import Language

app = typer.Typer(help="Check and show what each kind of case is about.", no_args_is_help=True)

FormsFile = Annotated[Path | None, typer.Argument(help="The forms' file; default FENGHUO_FORMS.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("check")
def check_file(forms: FormsFile = None, as_json: AsJson = False) -> None:
    """Name line and remedy of every fault, and what the policy waits for in vain. Ends with 1 where there is one."""
    settings = Settings()
    path = forms or settings.forms
    faults: list[Sayable] = []
    label = ""
    try:
        loaded = load_forms(path)
        label = loaded.document.version
        faults = form_faults(load_policy(settings.policy), loaded)
    except YamlFault as fault:
        faults = fault.faults

    def render(_: Any) -> None:
        for line in faults:
            out.print("[red]✗[/]", escape(also(line)), highlight=False)
        if not faults:
            out.print(
                worded("[green]✓[/] %(path)s can be filled in: %(label)s", path=path, label=label),
                highlight=False,
            )

    answer(
        {"forms": str(path), "label": label, "faults": faults, "ok": not faults},
        as_json=as_json,
        render=render,
    )
    if faults:
        raise typer.Exit(Exit.NO)


@app.command("list")
def list_forms(forms: FormsFile = None, language: InLanguage = Language.ZH, as_json: AsJson = False) -> None:
    """Every form: where it belongs, and how many fields it asks for."""
    loaded, words = _loaded(forms), Words(language)

    def render(_: Any) -> None:
        table = Table(
            worded("id"),
            worded("title"),
            worded("where it belongs"),
            worded("fields"),
            box=None,
            header_style="dim",
        )
        for form in loaded.all():
            table.add_row(form.id, words.name(form.title), _places(form, words), str(len(form.fields)))
        out.print(table)

    answer([_row(form) for form in loaded.all()], as_json=as_json, render=render)


@app.command("show")
def show_form(
    form: Annotated[str, typer.Argument(help="Its id.")],
    forms: Annotated[Path | None, typer.Option("--file", help="Default FENGHUO_FORMS.")] = None,
    language: InLanguage = Language.ZH,
    as_json: AsJson = False,
) -> None:
    """What one form asks for, field by field, and a body to begin with."""
    loaded, words = _loaded(forms), Words(language)
    declared = loaded.get(form)
    if declared is None:
        fail(
            Exit.USAGE,
            worded("there is no form %(form)s", form=repr(form)),
            worded("name one of %(forms)s", forms=", ".join(loaded.document.forms)),
        )

    def render(_: Any) -> None:
        table = Table(
            worded("field"),
            worded("title"),
            worded("type"),
            worded("when"),
            worded("need"),
            "",
            box=None,
            header_style="dim",
        )
        for name, field in declared.fields.items():
            table.add_row(
                name, words.name(field.title), field.type, field.at, field.need, _bounds(field, words)
            )
            for key, column in field.columns.items():
                table.add_row(
                    f"  {key}", words.name(column.title), column.type, "", column.need, _bounds(column, words)
                )
        out.print(table)

    answer(declared.model_dump(mode="json", exclude_defaults=True), as_json=as_json, render=render)


@app.command("schema")
def print_schema() -> None:
    """The JSON Schema of the forms' file, for an editor: `fenghuo forms schema > config/forms.schema.json`."""
    sys.stdout.write(schema_text(forms_schema()))


def _loaded(path: Path | None) -> Forms:
    try:
        return load_forms(path or Settings().forms)
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo forms check` finds the rest"),
        )


def _row(form: DeclaredForm) -> dict[str, Any]:
    return {
        "id": form.id,
        "version": form.version,
        "title": {"zh": form.title.zh, "en": form.title.en},
        "of": [place.model_dump(mode="json", exclude_defaults=True) for place in form.of],
        "fields": list(form.fields),
    }


def _places(form: DeclaredForm, words: Words) -> str:
    places: list[str] = []
    for place in form.of:
        parts = [
            words.listed(words.label("kind", kind) for kind in place.kinds),
            words.listed(words.label("topic", topic) for topic in place.topics),
            words.listed(words.label("fact", act) for act in place.acts),
            words.listed(words.label("document", document) for document in place.documents),
            words.listed(place.duties),
        ]
        places.append(" · ".join(part for part in parts if part))
    return "\n".join(places)


def _bounds(field: Any, words: Words) -> str:
    parts: list[str] = [words.name(field.measure)] if field.measure else []
    if field.least is not None:
        parts.append(f"≥ {field.least:g}")
    if field.most is not None:
        parts.append(f"≤ {field.most:g}")
    if field.choices:
        parts.append(" | ".join(field.choices))
    if isinstance(field, DeclaredField) and field.columns:
        parts.append(f"≤ {field.most_rows}")
    return " ".join(parts)
