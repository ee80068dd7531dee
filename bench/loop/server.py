"""The shipped web process, with two addresses of the bench beside it that are never asked while a clock runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.loop.record import notes
from hutong.config.wsgi import application as shipped


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """/bench/worker tells the process; /bench/write/NAME leaves the notes in NAME-process.notes."""
    path: str = environ["PATH_INFO"]
    if not path.startswith("/bench/"):
        return shipped(environ, start_response)
    process = str(os.getpid())
    if path.startswith("/bench/write/"):
        name = path.rsplit("/", 1)[1]
        notes.write(Path(os.environ["HUTONG_BENCH_NOTES"]) / f"{name}-{process}.notes")
    start_response("200 OK", [("Content-Length", str(len(process)))])
    return [process.encode()]
