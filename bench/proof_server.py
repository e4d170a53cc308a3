"""The proofs of a store over HTTP, in a process of its own: what `python -m bench trail proof` asks.

Invariant: the routes are the audit's own; only what a proof does not need (roles, masks, the broker) is left
out.
`python -m bench.proof_server STORE PORT`.
"""

import sys
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from services.audit.reading.reader import TrailReader
from services.audit.store.trail import Trail
from services.audit.web.trail import install_answers, trail_router


def main() -> None:
    url, port = sys.argv[1:]
    reader = TrailReader(Trail(url))
    app, nothing = FastAPI(), cast("Any", None)
    install_answers(app)
    app.include_router(trail_router(reader, nothing, nothing, nothing, nothing))
    uvicorn.run(app, host="127.0.0.1", port=int(port), loop="uvloop", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
