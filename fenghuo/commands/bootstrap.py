"""`fenghuo bootstrap`: keys and secrets, then streams and durables; safe to repeat."""

import asyncio
from typing import Annotated, Any

import typer


def bootstrap(
    secrets_only: Annotated[bool, typer.Option(help="Make the keys and stop: the broker needs them before it can start.")] = False,
    replicas: Annotated[int, typer.Option(min=1, max=5, help="Copies of each stream; 3 in a cluster.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Make every key that is missing (FENGHUO_SECRETS_DIR), and declare streams, buckets and durables (FENGHUO_NATS_URL).

    Nothing that exists is replaced or emptied. For docker-compose.yml see docs/deploy.md.
    """
    from fenghuo.answers import Exit, answer, err, fail, out
    from fenghuo.bootstrap import declare_streams, make_secrets, public_nkeys
    from fenghuo.quiet import hush
    from shared.secrets import nkey_file
    from shared.settings import Settings

    hush()
    settings = Settings()
    made = make_secrets(settings.secrets)
    declared: list[str] = []
    if not secrets_only:
        credentials = settings.nats_credentials or settings.secrets / nkey_file("admin")
        try:
            declared = asyncio.run(
                declare_streams(settings.model_copy(update={"nats_credentials": credentials}), replicas=replicas, timeout=10)
            )
        except TimeoutError:
            fail(
                Exit.UNREACHABLE,
                f"the broker at {settings.nats_url} does not answer, or does not know the key {credentials}",
                "start it with the public keys of `fenghuo bootstrap --secrets-only` in its environment, then call this again",
            )

    def render(result: dict[str, Any]) -> None:
        for name in result["made"]:
            err.print(f"made {name}", highlight=False)
        for name in result["declared"]:
            err.print(f"declared {name}", highlight=False)
        if secrets_only:
            for name, value in result["environment"].items():
                out.print(f"{name}={value}", highlight=False)
        else:
            out.print("everything is in place", highlight=False)

    result = {"secrets": str(settings.secrets), "made": made, "declared": declared, "environment": public_nkeys(settings.secrets)}
    answer(result, as_json=as_json, render=render)
