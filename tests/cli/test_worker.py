"""The worker's threads go on whatever one round brings, and end when they are told to."""

import threading

import pytest

from hutong.cli.worker import keep_doing
from hutong.kernel.errors import Conflict


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", [Conflict("no"), OSError("the database is away"), ValueError("a fault")])
def test_a_failing_round_is_logged_and_the_next_one_runs(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    rounds: list[int] = []

    def act() -> bool:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise trouble
        if len(rounds) == 4:
            stop.set()
        return True

    keep_doing(act, stop=stop, pause_s=0)
    assert rounds == [0, 1, 2, 3]
    assert str(trouble) in caplog.text
