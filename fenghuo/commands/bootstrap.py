"""`fenghuo bootstrap`: keys and secrets, then streams and durables; safe to repeat."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fenghuo.speech import worded


def bootstrap(
    secrets_only: Annotated[
        bool, typer.Option(help="Make the keys and stop: the broker needs them before it can start.")
    ] = False,
    replicas: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=5,
            help="Copies of each stream and bucket; 3 in a cluster. Default: FENGHUO_REPLICAS, else 1.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Make every key that is missing (FENGHUO_SECRETS_DIR), and declare streams, buckets and durables
    (FENGHUO_NATS_URL).

    Nothing that exists is replaced or emptied. For docker-compose.yml see docs/deploy.md.
    """
    from nats.js.errors import APIError

    from fenghuo import durability
    from fenghuo.answers import Exit, answer, err, fail, out
    from fenghuo.bootstrap import declare_streams, make_secrets, public_nkeys, refused_words
    from fenghuo.parts import located
    from fenghuo.places import known_addresses, nats_url
    from fenghuo.quiet import hush
    from fenghuo.sources import SourceKeys
    from shared.directory import load_directory
    from shared.lined_yaml import YamlFault
    from shared.message import because
    from shared.secrets import nkey_file, source_seed_file
    from shared.settings import Settings

    hush()
    settings = Settings()
    try:
        directory = load_directory(located(settings.directory))
    except (YamlFault, OSError) as error:
        fail(Exit.USAGE, because(error), worded("mend it, or name another file in FENGHUO_DIRECTORY"))
    files_written = make_secrets(settings.secrets)
    files_written += [
        source_seed_file(source)
        for source in SourceKeys(settings.secrets).add_missing(directory, datetime.now(UTC))
    ]
    declared: list[str] = []
    lazily = ""
    if not secrets_only:
        settings = settings.model_copy(update={"nats_url": nats_url(settings)})
        credentials = settings.nats_credentials or settings.secrets / nkey_file("admin")
        try:
            declared = asyncio.run(
                declare_streams(
                    settings.model_copy(
                        update={"nats_credentials": credentials, "replicas": replicas or settings.replicas}
                    ),
                    timeout=10,
                )
            )
            monitors = settings.nats_monitor or known_addresses(settings).get("monitor", "")
            lazily = asyncio.run(
                durability.looked_up(
                    settings.model_copy(update={"nats_credentials": credentials, "nats_monitor": monitors})
                )
            )
        except TimeoutError:
            fail(
                Exit.UNREACHABLE,
                worded(
                    "the broker at %(nats_url)s does not answer, or does not know the key %(credentials)s",
                    nats_url=settings.nats_url,
                    credentials=credentials,
                ),
                worded(
                    "start it with the public keys of `fenghuo bootstrap --secrets-only` in its environment, then call this again"
                ),
            )
        except APIError as error:
            fail(
                Exit.NO,
                refused_words(error),
                worded("as many brokers must be up as copies are asked for (--replicas, FENGHUO_REPLICAS)"),
            )

    def render(result: dict[str, Any]) -> None:
        for name in result["made"]:
            err.print(worded("made %(name)s", name=name), highlight=False)
        for name in result["declared"]:
            err.print(worded("declared %(name)s", name=name), highlight=False)
        if result["lazily"]:
            err.print(result["lazily"], highlight=False)
        if secrets_only:
            for name, value in result["environment"].items():
                out.print(f"{name}={value}", highlight=False)
        else:
            out.print(worded("everything is in place"), highlight=False)

    result = {"secrets": str(settings.secrets), "made": files_written, "declared": declared, "lazily": lazily}
    result |= {"environment": public_nkeys(settings.secrets)}
    answer(result, as_json=as_json, render=render)
