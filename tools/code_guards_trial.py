"""A pytest plugin that takes guards away, one after the other, and runs the tests that can notice, in one process.

`tools.code_guards` writes what to try to the file that HUTONG_GUARDS_TRY names, and reads the answers beside it. A
function without its guard is compiled and put in the place of the one that the site uses, and put back afterwards;
nothing is started anew, which would take most of the time. A process that a test starts has all its guards.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

# A test that fails by these has not missed the guard: what is left without it is no Python, or no SQL.
_BROKEN = re.compile(
    r"(?:Syntax|Name|Indentation)Error|.*ProgrammingError: "
    r"(?:syntax error|cannot cast|could not determine|column|missing FROM|the query has)"
)


@contextmanager
def without(sources: list[dict[str, str]]) -> Iterator[None]:
    """The functions and constants of these sources, {path, name, source}, instead of those of the site."""
    undo: list[tuple[Any, str, object]] = []
    done: set[str] = set()
    try:
        for each in sources:
            module = importlib.import_module(
                each["path"].removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            )
            found = getattr(module, each["name"])
            if callable(found):
                function = inspect.unwrap(found)
                assert isinstance(function, FunctionType)
                undo.append((function, "__code__", function.__code__))
                function.__code__ = _code(each)
            elif each["path"] not in done:  # all texts of a file are exchanged together
                done.add(each["path"])
                for name, words in _constants(module, each["source"]).items():
                    undo.append((module, name, getattr(module, name)))
                    setattr(module, name, words)
        yield
    finally:
        for target, name, before in reversed(undo):
            setattr(target, name, before)


def _code(each: dict[str, str]) -> CodeType:
    compiled = compile(each["source"], each["path"], "exec", dont_inherit=True)
    (code,) = (
        part for part in compiled.co_consts if isinstance(part, CodeType) and part.co_name == each["name"]
    )
    return code


def _constants(module: ModuleType, source: str) -> dict[str, str]:
    """The texts of a module that read otherwise in this source."""
    there: dict[str, Any] = {
        "__name__": module.__name__,
        "__file__": module.__file__,
        "__package__": module.__package__,
    }
    exec(compile(source, str(module.__file__), "exec", dont_inherit=True), there)
    changed = {
        name: words
        for name, words in there.items()
        if isinstance(words, str) and getattr(module, name) != words
    }
    assert changed, "the guard is in no text"
    return changed


class Trial:
    """One guard after the other, each with its tests until one fails."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what to try."""
        self._file = Path(os.environ["HUTONG_GUARDS_TRY"])
        self._jobs: list[dict[str, Any]] = json.loads(self._file.read_text())
        self._fails_anyway: set[str] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Write a line of JSON for every guard: the test that noticed, "" where none did."""
        for job in self._jobs:
            with self._file.with_suffix(".answers").open("a") as answers:
                answers.write(json.dumps({"key": job["key"], "test": self._noticed(session, job)}) + "\n")
        return True

    def _noticed(self, session: pytest.Session, job: dict[str, Any]) -> str:
        items = [
            item
            for test in job["tests"]
            for item in session.items
            if item.nodeid == test or item.nodeid.startswith((f"{test}::", f"{test}["))
        ]
        # A control takes the guard away itself and fails where it is not there: that tells nothing of the site.
        items = [item for item in items if "::test_control_" not in item.nodeid]
        until = time.monotonic() + job["within_s"]
        for item in items:
            if item.nodeid in self._fails_anyway or time.monotonic() > until:
                continue
            with without(job["without"]):
                failed = _fails(item, session)
            if failed and _fails(item, session):
                self._fails_anyway.add(item.nodeid)
            elif failed:
                assert not _BROKEN.match(failed), f"{job['key']}: what is left is no program: {failed}"
                return str(item.nodeid)
        return ""


def _fails(item: pytest.Item, session: pytest.Session) -> str:
    """Run one test, again if it ran before; what it says where it fails. Fixtures of the session stay."""
    if hasattr(item, "_initrequest"):
        item._initrequest()
    for report in runtestprotocol(item, log=False, nextitem=session):  # type: ignore[arg-type]
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            return str(crash.message if crash else report.longrepr) or "failed"
    return ""


def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest's own loop."""
    config.pluginmanager.register(Trial(config), "code_guards_trial")
