"""The supervisor: starts the parts of a site, and starts again whatever ended or fell silent.

What a killed part left half done is not its business: orders are finished by the worker's janitors.
"""

import contextlib
import functools
import logging
import os
import secrets
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from hutong.kernel.errors import DomainError

STOP_AFTER_S = 10.0
READY_AFTER_S = 60.0
FIRST_TRIES = 5
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
WELL_AFTER_S = 30.0
# Longer than any statement or lock may take, so that a site that is only busy is left alone.
SILENT_AFTER_S = 60.0
LOOK_EVERY_S = 1.0
LEFT_FOR_S = 120.0
TRIES_OF_A_SHARED_PORT = 8

log = logging.getLogger("hutong.supervisor")


class PartFailed(DomainError):
    """A part of the site ended by itself or never answered."""

    code = "part_failed"
    message = "%(part)s stopped (exit code %(exit_code)s). Its last words are above."


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name, its command, the address that answers once it is ready, and what it needs besides.

    `authorities` is a file of certificates that its address is checked by. `overlaps`: where its head was killed,
    what is left of it may serve on until the next one answers, so that nobody finds the door shut. Such a part
    answers with the `X-Generation` that its environment has as HUTONG_GENERATION.
    """

    name: str
    command: list[str]
    ready_url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    authorities: str = ""
    overlaps: bool = False


@dataclass(slots=True)
class _Running:
    """A part with its present process, or none while it waits for its next start. Moments are monotonic."""

    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    answered_at: float = 0.0
    start_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    restarts: int = 0
    generation: str = ""
    present: bool = False  # whether this very generation has answered


@dataclass(slots=True)
class _Left:
    """What lives on of a part whose head was killed: a process group, and when it is asked to end, and made to."""

    part: str
    group: int
    end_at: float
    kill_at: float
    asked: bool = False


class Supervisor:
    """Keeps parts running. Every process it starts ends with `stop`, however it comes to that.

    `keeper` is called every second beside all else, whatever the parts do: it keeps up what they stand on, such as
    an embedded database. `passed` are descriptors of open files that every part keeps, such as the site's lock.
    """

    def __init__(
        self,
        *,
        silent_after_s: float = SILENT_AFTER_S,
        keeper: Callable[[], None] | None = None,
        passed: Sequence[int] = (),
    ) -> None:
        self._parts: dict[str, _Running] = {}
        self._left: list[_Left] = []
        self._silent_after_s = silent_after_s
        self._keeper = keeper
        self._passed = tuple(passed)
        self._over = threading.Event()
        self._looker: threading.Thread | None = None
        self._keeping: threading.Thread | None = None

    def start(self, part: Part) -> None:
        """Start one part in a process group of its own, so that its children end with it."""
        self._launch(self._parts.setdefault(part.name, _Running(part)))

    def wait_ready(self, part: Part) -> None:
        """Return once the part answers.

        A part that ends meanwhile is started again; raises `PartFailed` when it ends five times, or does not
        answer for a minute.
        """
        give_up_at = time.monotonic() + READY_AFTER_S
        while time.monotonic() < give_up_at:
            self._tend(most_restarts=FIRST_TRIES - 1)
            if not part.ready_url or self._answers(self._parts[part.name], well=True):
                return
            time.sleep(0.05)  # between two looks
        raise PartFailed(part=part.name, exit_code="none, it does not answer")

    def check(self) -> None:
        """Raise `PartFailed` when a part has ended. For a site that nobody keeps running, such as a bench's."""
        for name, running in self._parts.items():
            if running.process is not None and running.process.poll() is not None:
                raise PartFailed(part=name, exit_code=running.process.returncode)

    def watch(self) -> None:
        """Stay until Ctrl-C, and start again whatever ends or no longer answers, after 0.1 s to 5 s, for ever."""
        for running in self._parts.values():
            running.answered_at = time.monotonic()  # until now nobody asked
        self._looker = threading.Thread(target=self._look, daemon=True)
        self._looker.start()
        self._keeping = threading.Thread(target=self._keep, daemon=True)
        self._keeping.start()
        while not self._over.wait(0.05):
            self._tend()

    def stop(self) -> None:
        """Ask every part to end, wait, and kill what is left."""
        self._over.set()
        if self._looker:
            self._looker.join(STOP_AFTER_S)
        processes = [running.process for running in self._parts.values() if running.process]
        for process in processes:
            if process.poll() is None:
                _signal_group(process.pid, signal.SIGTERM)
        give_up_at = time.monotonic() + STOP_AFTER_S
        for process in processes:
            # Waited for even where the wait is over: only then is the exit code collected.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, give_up_at - time.monotonic()))
            _signal_group(process.pid, signal.SIGKILL)  # its children too, should it have left any
            process.wait()
        for left in self._left:
            _signal_group(left.group, signal.SIGKILL)
        self._parts.clear()
        self._left.clear()
        if self._keeping:
            self._keeping.join(STOP_AFTER_S)

    def _launch(self, running: _Running) -> None:
        part = running.part
        running.generation = secrets.token_hex(8)
        running.process = subprocess.Popen(
            part.command,
            env={**os.environ, **part.environment, "HUTONG_GENERATION": running.generation},
            start_new_session=True,
            pass_fds=self._passed,
        )
        running.started_at = running.answered_at = time.monotonic()

    def _tend(self, most_restarts: int | None = None) -> None:
        """One round: note what ended, start what is due, and end what is left of killed parts."""
        now = time.monotonic()
        for running in self._parts.values():
            process = running.process
            if process is None:
                if now >= running.start_at:
                    self._launch(running)
            elif process.poll() is not None:
                self._ended(running, process, now, most_restarts)
            elif self._looker and running.part.ready_url and now - running.answered_at > self._silent_after_s:
                log.error(
                    "%s has not answered for %.0f s; it is ended", running.part.name, self._silent_after_s
                )
                _signal_group(process.pid, signal.SIGKILL)
        self._bury(now)

    def _ended(
        self, running: _Running, process: "subprocess.Popen[bytes]", now: float, most_restarts: int | None
    ) -> None:
        """Book the next start of a part that ended: at once after a long healthy time, else later each time."""
        name, code = running.part.name, process.returncode
        if most_restarts is not None and running.restarts >= most_restarts:
            raise PartFailed(part=name, exit_code=code)
        if now - running.started_at >= WELL_AFTER_S:
            running.pause_s = FIRST_PAUSE_S
        running.restarts += 1
        running.start_at = now + running.pause_s
        log.error(
            "%s ended (%s); it is started again in %.1f s (restart %d)",
            name, how_it_ended(code), running.pause_s, running.restarts,
        )  # fmt: skip
        running.pause_s = min(running.pause_s * 2, LONGEST_PAUSE_S)
        running.process, running.generation, running.present = None, "", False
        # The children of a killed part live on.
        if running.part.overlaps:
            self._left.append(_Left(name, process.pid, now + LEFT_FOR_S, now + LEFT_FOR_S + STOP_AFTER_S))
        else:
            _signal_group(process.pid, signal.SIGKILL)

    def _bury(self, now: float) -> None:
        """End what is left of killed parts once the next generation answers, or took too long."""
        for left in list(self._left):
            if not _group_lives(left.group):
                self._left.remove(left)  # at once, before its number is given to others
            elif now >= left.kill_at:
                _signal_group(left.group, signal.SIGKILL)
            elif not left.asked and (now >= left.end_at or self._parts[left.part].present):
                _signal_group(left.group, signal.SIGTERM)
                left.asked = True
                left.kill_at = now + STOP_AFTER_S

    def _look(self) -> None:
        """Ask every part whether it lives, beside the main thread, which a silent part must not hold up."""
        while not self._over.wait(LOOK_EVERY_S):
            for running in list(self._parts.values()):
                if running.process and running.part.ready_url and self._answers(running):
                    running.answered_at = time.monotonic()

    def _keep(self) -> None:
        """Keep up what the parts stand on, beside the looks at them: without it they answer late, or not at all."""
        while self._keeper and not self._over.wait(LOOK_EVERY_S):
            try:
                self._keeper()
            except Exception:  # whatever it is, it may go well the next time
                log.exception("what the parts stand on could not be kept up; it is tried again")

    def _answers(self, running: _Running, *, well: bool = False) -> bool:
        """Whether this very generation answers; with `well`, that it is well. Any word means that it lives.

        Parts that overlap share their port, with each other and with what is left of killed ones, so it takes a
        few tries to be let in by the one that is meant.
        """
        for _attempt in range(TRIES_OF_A_SHARED_PORT if running.part.overlaps else 1):
            answer = _ask(running.part)
            if answer is None:
                return False
            if not running.part.overlaps or answer.headers.get("X-Generation") == running.generation:
                running.present = True
                return not well or answer.status_code == 200
        return False


def answers(part: Part) -> bool:
    """Whether the part's address answers, and well."""
    answer = _ask(part)
    return answer is not None and answer.status_code == 200


def _ask(part: Part) -> httpx.Response | None:
    """What the part says when asked how it is; None when it does not answer. Any word means that it lives."""
    try:
        return httpx.get(part.ready_url, timeout=5, trust_env=False, verify=_trust(part.authorities))
    except httpx.TransportError:
        return None


@functools.cache
def _trust(authorities: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities or None)


def how_it_ended(code: int) -> str:
    """An exit code of `subprocess` in words: `exit code 3`, or `SIGKILL`."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended between the look and the signal
        os.killpg(group, number)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
