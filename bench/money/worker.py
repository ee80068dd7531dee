"""A process that does a step of many orders when it is told to, and notes what its connections send."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_WAIT_S = 300.0
Work = Callable[[Any], Any]


class WorkFailed(RuntimeError):
    """A process could not do what it was told."""


class Crew:
    """Processes with Django on one database. What each is given it does by itself, in order."""

    def __init__(self, pipes: list[Pipe], processes: list[BaseProcess]) -> None:
        self._pipes = pipes
        self.pids = [process.pid or 0 for process in processes]

    def do(self, step: str, shares: list[list[Any]]) -> tuple[float, list[list[Any]]]:
        """Every process does its share of a step; seconds from the first beginning to the last end, and answers."""
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send((step, share))
        for pipe in self._pipes:
            _received(pipe)
        began = time.perf_counter()
        for pipe in self._pipes:
            pipe.send("go")
        answers = [_received(pipe) for pipe in self._pipes]
        return time.perf_counter() - began, answers

    def notes(self, folder: Path, name: str) -> dict[int, Path]:
        """What the connections of each process sent since the last notes; its file by process."""
        found = {}
        for pid, pipe in zip(self.pids, self._pipes, strict=True):
            found[pid] = folder / f"{name}-{pid}.notes"
            pipe.send(found[pid])
            _received(pipe)
        return found


@contextmanager
def crew(number: int, *, steps: str, environment: Mapping[str, str]) -> Iterator[Crew]:
    """`number` processes for as long as the context lasts; `steps` is the module whose `STEPS` they can do."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        for _number in range(number):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, steps), daemon=True)
            process.start()
            pipes.append(ours)
            processes.append(process)
            _received(ours)  # one after the other, so that their connections are numbered in this order
        yield Crew(pipes, list(processes))
    finally:
        for process in processes:
            process.kill()
            process.join()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _serve(pipe: Pipe, steps: str) -> None:
    """A path: leave the notes there. A step with its share: make ready, answer, wait for the word, do it."""
    import importlib

    import django

    django.setup()
    from bench.loop.record import notes

    module = importlib.import_module(steps)
    module.ready()
    pipe.send("ready")
    while True:
        asked = pipe.recv()
        try:
            if isinstance(asked, Path):
                notes.write(asked)
                pipe.send("written")
                continue
            step, share = asked
            pipe.send("ready")
            pipe.recv()
            pipe.send([module.STEPS[step](one) for one in share])
        except Exception as error:
            pipe.send(WorkFailed(repr(error)))


def _received(pipe: Pipe) -> Any:
    if not pipe.poll(_WAIT_S):
        raise WorkFailed("a process fell silent")
    answer = pipe.recv()
    if isinstance(answer, BaseException):
        raise WorkFailed(repr(answer)) from answer
    return answer
