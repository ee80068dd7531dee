"""`hutong up` with a supervisor that starts nothing again: what the test of kills is compared with."""

import sys
from typing import Any

from hutong.cli.app import app
from hutong.cli.supervisor import PartFailed, Supervisor


def _give_up(_self: Supervisor, running: Any, process: Any, _now: float, _most: int | None) -> None:
    raise PartFailed(part=running.part.name, exit_code=process.returncode)


if __name__ == "__main__":
    Supervisor._ended = _give_up  # type: ignore[assignment, method-assign]
    app(["up", *sys.argv[1:]])
