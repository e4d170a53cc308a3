"""`fenghuo gateway`: a gateway for trying out, which rings nobody and shows on a page what would be said."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from fenghuo.answers import AsJson
from fenghuo.speech import worded

MODEM_PIN = "modem-pin"
"""A file of the secrets folder, where the SIM card wants a PIN."""


def gateway(
    secrets: Annotated[
        Path | None,
        typer.Option(
            help="The folder with webhook.key, by which the notifier is known. Default: FENGHUO_SECRETS_DIR."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Calls, texts and the page. 0: a free one.")
    ] = 8090,
    mail_port: Annotated[int, typer.Option(min=0, max=65_535, help="Mail. 0: a free one.")] = 8025,
    keep: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many messages are remembered, in memory alone.")
    ] = 1_000,
    notifier: Annotated[
        str,
        typer.Option(
            help="The notifier, such as http://127.0.0.1:8082: keys pressed and replies written on the page go there."
        ),
    ] = "",
    modem: Annotated[
        str,
        typer.Option(
            help="The serial line of a GSM modem, such as /dev/ttyUSB0: texts go out for real. Needs --notifier."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take calls, texts and mail and show them on a page; nobody is rung. Until Ctrl-C.

    For trying out: connect a real gateway in the channel file before anybody depends on it.

    With --modem texts are sent by a GSM modem and answers brought back; calls and mail are not taken then.
    """
    import uvloop

    from fenghuo.answers import Exit, fail
    from fenghuo.gateway_lab import GatewayLab, serve
    from fenghuo.terminal import json_text
    from shared.secrets import SecretFile, read_secret
    from shared.settings import Settings

    settings = Settings()
    folder = secrets or settings.secrets
    key = read_secret(folder, SecretFile.WEBHOOK).decode().strip()
    if modem and not notifier:
        fail(
            Exit.USAGE,
            worded("with --modem, --notifier is needed: what people answer would be lost"),
            worded("give the notifier's address, such as --notifier http://127.0.0.1:8082"),
        )
    pin = (folder / MODEM_PIN).read_text().strip() if modem and (folder / MODEM_PIN).is_file() else ""
    if pin and not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        fail(
            Exit.USAGE,
            worded("the file modem-pin of the secrets folder is no PIN"),
            worded("write the SIM card's 4 to 8 digits into it, and nothing else"),
        )
    try:
        lab = GatewayLab(
            key,
            http_port=port,
            smtp_port=mail_port,
            host=host,
            keep=keep,
            zone=ZoneInfo(settings.timezone),
            has_controls=False,
            notifier=notifier,
            modem=modem,
            pin=pin,
        )
    except ValueError as error:
        fail(
            Exit.USAGE,
            str(error),
            worded("`fenghuo bootstrap` makes the key; or name its folder with --secrets"),
        )

    def say() -> None:
        listens: dict[str, Any] = {"page": f"http://{host}:{lab.http_port}/", "mail": lab.smtp_port}
        if modem:
            listens = {"page": listens["page"], "modem": modem}
            said = worded("texts are sent by the modem on %(modem)s; see %(page)s", **listens)
        else:
            said = worded(
                "what would be said stands on %(page)s; mail is taken on port %(mail)s; nobody is rung",
                **listens,
            )
        typer.echo(json_text(listens) if as_json else said)

    try:
        uvloop.run(serve(lab, say))
    except OSError as error:
        fail(Exit.USAGE, str(error), worded("another program may listen there: give other ports"))
