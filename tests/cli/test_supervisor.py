"""The supervisor brings back what ends, ends what is silent, and leaves nothing behind."""

from __future__ import annotations

import http.server
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hutong.cli.site_lock import RestoreUnderWay, SiteRuns, alone, share
from hutong.cli.supervisor import Part, PartFailed, Supervisor, answers, how_it_ended
from hutong.cli.worker import keep_running
from tests.fakes.sandbox import free_port, wait_until

# A part that notes each of its starts, and answers with its process id.
_SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args): pass
open(sys.argv[2], "a").write("started\\n")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
_ENDS = "import sys; open(sys.argv[1], 'a').write('started\\n'); sys.exit(3)"


def server(notes: Path) -> Part:
    port = free_port()
    return Part(
        "server", [sys.executable, "-c", _SERVER, str(port), str(notes)], f"http://127.0.0.1:{port}/healthz"
    )


def starts(notes: Path) -> int:
    return len(notes.read_text().splitlines()) if notes.exists() else 0


@contextmanager
def watched(supervisor: Supervisor) -> Iterator[None]:
    """The supervisor at work, and stopped at the end."""
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    try:
        yield
    finally:
        supervisor.stop()
        thread.join(20)
        assert not thread.is_alive()


def pid_of(part: Part) -> int:
    return int(httpx.get(part.ready_url, trust_env=False).text)


def test_what_is_killed_is_started_again_each_time(tmp_path: Path) -> None:
    part, supervisor = server(tmp_path / "notes"), Supervisor()
    supervisor.start(part)
    supervisor.wait_ready(part)
    with watched(supervisor):
        for kills in (1, 2):
            before = pid_of(part)
            os.kill(before, signal.SIGKILL)
            wait_until(lambda: answers(part) and pid_of(part) != before, timeout_s=20)  # noqa: B023
            assert starts(tmp_path / "notes") == 1 + kills
        last = pid_of(part)
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


def test_what_does_not_answer_is_ended_and_started_again(tmp_path: Path) -> None:
    part, supervisor = server(tmp_path / "notes"), Supervisor(silent_after_s=3)
    supervisor.start(part)
    supervisor.wait_ready(part)
    with watched(supervisor):
        before = pid_of(part)
        os.kill(before, signal.SIGSTOP)
        wait_until(lambda: starts(tmp_path / "notes") == 2, timeout_s=30)
        wait_until(lambda: answers(part) and pid_of(part) != before, timeout_s=20)


def test_a_part_that_ends_five_times_at_the_start_is_an_error(tmp_path: Path) -> None:
    broken = Part(
        "broken", [sys.executable, "-c", _ENDS, str(tmp_path / "notes")], f"http://127.0.0.1:{free_port()}/"
    )
    supervisor = Supervisor()
    supervisor.start(broken)
    with pytest.raises(PartFailed, match="broken stopped \\(exit code 3\\)"):
        supervisor.wait_ready(broken)
    supervisor.stop()
    assert starts(tmp_path / "notes") == 5


def test_once_it_runs_it_never_gives_up_and_waits_longer_each_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Part("broken", [sys.executable, "-c", _ENDS, str(tmp_path / "notes")])
    supervisor = Supervisor()
    supervisor.start(broken)
    with watched(supervisor):
        wait_until(lambda: starts(tmp_path / "notes") == 5, timeout_s=40)
    said = [record.getMessage() for record in caplog.records if record.name == "hutong.supervisor"]
    assert said[:4] == [
        f"broken ended (exit code 3); it is started again in {pause} s (restart {number})"
        for number, pause in ((1, "0.1"), (2, "0.2"), (3, "0.4"), (4, "0.8"))
    ]


def test_children_of_a_killed_part_end_with_it(tmp_path: Path) -> None:
    child = tmp_path / "child"
    command = f"sleep 300 & echo $! > {child}; wait"
    supervisor = Supervisor()
    part = Part("parent", ["sh", "-c", command])
    supervisor.start(part)
    wait_until(lambda: child.exists() and child.read_text().strip())
    first = int(child.read_text())
    with watched(supervisor):
        os.kill(os.getpgid(first), signal.SIGKILL)
        wait_until(lambda: not lives(first), timeout_s=20)


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


class _Asked(http.server.BaseHTTPRequestHandler):
    """Answers that it is well, and counts."""

    times = 0

    def do_GET(self) -> None:
        _Asked.times += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


def test_parts_are_looked_at_while_what_they_stand_on_is_still_being_kept_up() -> None:
    """Else a database that takes long to come back would make healthy parts look silent, and end them."""
    began, released = threading.Event(), threading.Event()

    def keeper() -> None:
        began.set()
        released.wait(60)

    with http.server.HTTPServer(("127.0.0.1", 0), _Asked) as asked:
        threading.Thread(target=asked.serve_forever, daemon=True).start()
        supervisor = Supervisor(keeper=keeper)
        supervisor.start(Part("sleeper", ["sleep", "300"], f"http://127.0.0.1:{asked.server_port}/healthz"))
        try:
            with watched(supervisor):
                try:
                    assert began.wait(20)
                    before = _Asked.times
                    wait_until(lambda: _Asked.times >= before + 2, timeout_s=20)
                finally:
                    released.set()
        finally:
            asked.shutdown()


def test_what_cannot_be_kept_up_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def keeper() -> None:
        tries.append(len(tries))
        raise RuntimeError("PostgreSQL did not start")

    with watched(Supervisor(keeper=keeper)):
        wait_until(lambda: len(tries) >= 2, timeout_s=20)
    assert "PostgreSQL did not start" in caplog.text


def test_how_it_ended_in_words() -> None:
    assert (how_it_ended(-9), how_it_ended(3)) == ("SIGKILL", "exit code 3")


def test_running_parts_share_the_lock_and_replacing_data_wants_it_alone(tmp_path: Path) -> None:
    first, second = share(tmp_path), share(tmp_path)
    with pytest.raises(SiteRuns, match="is running"), alone(tmp_path):
        pytest.fail("the lock was given to two")
    os.close(first)
    with pytest.raises(SiteRuns), alone(tmp_path):
        pytest.fail("the lock was given to two")
    os.close(second)
    with alone(tmp_path), pytest.raises(RestoreUnderWay):
        share(tmp_path)
    os.close(share(tmp_path))


def test_the_worker_outlives_a_lost_database(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    runs: list[int] = []

    def run() -> None:
        runs.append(len(runs))
        if len(runs) == 2:
            stop.set()
        raise OSError("the database is away")

    keep_running(run, stop=stop)
    assert runs == [0, 1]
    assert "the database is away" in caplog.text
