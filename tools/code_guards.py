"""The guards of pay/ that stand in code: taken away one by one in a copy of the tree, to see which test notices.

    python -m tools.code_guards --look           which test enters which guarded function: once, some minutes
    python -m tools.code_guards [APP ...]        prints a table; what was found is kept in var/guards and not run again
    python -m tools.code_guards --at FILE:LINE   only the guards of that line, again

Each app has its own copy, database and results, so that several can run at once. What is tried first are the quickest
tests that enter the function. `tools.code_guards_found` says what a guard is, `tools.code_guards_behind` which of them
are second lines of defence: those are taken away together with the first.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.code_guards_behind import BEHIND
from tools.code_guards_found import PAY, ROOT, CodeGuard, Places, guards_of

VAR = ROOT / "var" / "guards"
SEEN = VAR / "seen.jsonl"
TIMEOUT_S = 900
# Where a guard of pay/ can be noticed: alone, in the flows, in the races.
_FOLDERS = ("tests/pay", "tests/flows", "tests/concurrency")
_LEFT_OUT = ("*/stripe/*", "*/wechat/*", "*/alipay/*", "*/test_sandbox_*", "*/test_guards.py")
_BROKEN = re.compile(
    r"psycopg\.errors\.SyntaxError|^E +(NameError|SyntaxError|IndentationError)", re.MULTILINE
)


@dataclass
class Tree:
    """A copy of what the tests need, with its own database server."""

    name: str
    fails_anyway: set[str] = field(default_factory=set)

    @property
    def root(self) -> Path:
        """Where the copy is."""
        return VAR / self.name / "tree"

    @property
    def home(self) -> Path:
        """Where its database is."""
        return VAR / self.name / "home"

    def copy(self) -> None:
        """Make it anew from the tree as it is."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        for name in ("hutong", "tests", "tools", "bench", "docs", "frontend", "deploy"):
            shutil.copytree(
                ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__", "*.png")
            )
        for path in ROOT.glob("*.*"):
            if path.is_file():
                shutil.copy(path, self.root / path.name)

    def pytest(
        self,
        tests: Iterable[str],
        *more: str,
        environment: Mapping[str, str] = {},
        timeout_s: int = TIMEOUT_S,
    ) -> str:
        """What pytest says of these tests; "" when none is there."""
        command = [
            sys.executable,
            "-m",
            "pytest",
            *tests,
            "-n",
            "0",
            "-q",
            "-p",
            "no:cacheprovider",
            "--tb=short",
        ]
        command += [
            "-m",
            "not long and not slow and not browser",
            *(f"--ignore-glob={each}" for each in _LEFT_OUT),
        ]
        here = {"PYTHONPATH": str(self.root), "HUTONG_HOME": str(self.home)}
        done = subprocess.run(
            [*command, *more],
            cwd=self.root,
            env={**os.environ, **here, **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode not in (0, 1, 5):
            raise RuntimeError(f"the tests do not run: {(done.stdout + done.stderr)[-3000:]}")
        return "" if done.returncode == 5 else done.stdout

    def first_failure(self, tests: Sequence[str], environment: Mapping[str, str] = {}) -> str:
        """The first test that fails, "" when none does."""
        if not tests:
            return ""
        try:
            but = [f"--deselect={name}" for name in self.fails_anyway]
            said = self.pytest(tests, "-x", *but, environment=environment)
        except subprocess.TimeoutExpired:
            return "time-out"
        if _BROKEN.search(said):
            raise RuntimeError(f"what is left is no program: {said[-3000:]}")
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE)
        return failed[1] if failed else ""

    def without(self, guards: Iterable[CodeGuard]) -> None:
        """Write the files of these guards without them."""
        files: dict[str, list[CodeGuard]] = {}
        for guard in guards:
            files.setdefault(guard.path, []).append(guard)
        for path, gone in files.items():
            source = (ROOT / path).read_text()
            for guard in sorted(gone, key=lambda each: -each.start):
                source = source[: guard.start] + guard.instead + source[guard.end :]
            ast.parse(source)
            (self.root / path).write_text(source)

    def mended(self, guards: Iterable[CodeGuard]) -> None:
        """Write them back."""
        for path in {guard.path for guard in guards}:
            (self.root / path).write_text((ROOT / path).read_text())

    def stop(self) -> None:
        """End its database server."""
        from hutong.kernel import database

        database.stop_embedded(self.home)


def look(*, again: bool) -> None:
    """Run every test once and keep which guarded functions it enters."""
    VAR.mkdir(parents=True, exist_ok=True)
    with (VAR / "looking").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run that looks is waited for
        if again or not SEEN.exists():
            _look()


def _look() -> None:
    tree = Tree("look")
    tree.copy()
    for app in _apps():
        for path in {ROOT / guard.path for guard in guards_of(app)}:
            (tree.root / path.relative_to(ROOT)).write_text(_telling(path))
    part = VAR / "seen.part"
    part.unlink(missing_ok=True)
    tree.pytest(
        _FOLDERS,
        "-p",
        "tools.code_guards_seen",
        environment={"HUTONG_GUARDS_SEEN": str(part)},
        timeout_s=3600,
    )
    part.rename(SEEN)
    tree.stop()


def _telling(path: Path) -> str:
    """The source, where every function says that it is entered."""
    source, name = path.read_text(), path.relative_to(PAY)
    tree, places = ast.parse(source), Places(source)
    for function in sorted(
        (each for each in tree.body if isinstance(each, ast.FunctionDef)), key=lambda each: -each.lineno
    ):
        first = next((each for each in function.body if not _is_text(each)), function.body[-1])
        begin = places.begin(first)
        told = f'__import__("builtins").__dict__.get("guards_seen", str)("{name}:{function.name}")'
        source = source[:begin] + told + "\n" + " " * first.col_offset + source[begin:]
    return source


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def entering(guard: CodeGuard) -> list[str]:
    """The tests that can notice: files that are newer than the look, then the quickest that enter the function."""
    looked = SEEN.stat().st_mtime
    new = [
        str(path.relative_to(ROOT))
        for folder in _FOLDERS
        for path in sorted((ROOT / folder).glob("**/test_*.py"))
        if path.stat().st_mtime > looked and not any(path.match(each) for each in _LEFT_OUT)
    ]
    names = {f"{guard.path.removeprefix('hutong/pay/')}:{name}" for name in _functions(guard)}
    seen = [json.loads(line) for line in SEEN.read_text().splitlines()]
    found = [each for each in seen if names & set(each["in"]) and each["test"].partition("::")[0] not in new]
    found.sort(key=lambda each: float(each["s"]))
    return [*new, *(each["test"] for each in found if (ROOT / each["test"].partition("::")[0]).exists())]


def _functions(guard: CodeGuard) -> set[str]:
    """The function that a guard is in; those that use the constant that it is in."""
    body = ast.parse((ROOT / guard.path).read_text()).body
    functions = [each for each in body if isinstance(each, ast.FunctionDef)]
    if any(each.name == guard.function for each in functions):
        return {guard.function}
    users = {
        each.name
        for each in functions
        if any(isinstance(node, ast.Name) and node.id == guard.function for node in ast.walk(each))
    }
    return users or {each.name for each in functions}


def tried(tree: Tree, guard: CodeGuard) -> str:
    """The test that notices that a guard is gone; "" when it survives."""
    behind = BEHIND.get(guard.name)
    if behind is not None:
        return _tried_with(tree, guard, behind.other, behind.test)
    try:
        while True:
            tree.without([guard])
            failed = tree.first_failure(entering(guard))
            tree.mended([guard])
            if not failed or failed == "time-out" or not tree.first_failure([failed]):
                return failed
            tree.fails_anyway.add(failed)
    finally:
        tree.mended([guard])


def _tried_with(tree: Tree, guard: CodeGuard, other: str, test: str) -> str:
    """For a second line of defence: its test, if it fails without both and passes without either."""
    others = [each for app in _apps() for each in guards_of(app) if each.name == other]
    constraint = {} if others else {"HUTONG_WITHOUT": other}
    try:
        tree.without([guard])
        if tree.first_failure([test]):
            return f"{test}, alone: no second line"
        tree.mended([guard])
        tree.without(others)
        if tree.first_failure([test], constraint):
            return ""
        tree.mended(others)
        tree.without([guard, *others])
        return f"{test}, with {other}" if tree.first_failure([test], constraint) else ""
    finally:
        tree.mended([guard, *others])


def _apps() -> list[str]:
    return sorted(path.name for path in PAY.iterdir() if (path / "apps.py").exists())


def main() -> int:
    """Run what was asked for; exit code 1 where something survived."""
    parser = argparse.ArgumentParser(prog="python -m tools.code_guards", description=__doc__)
    parser.add_argument("apps", nargs="*", choices=[*_apps(), []])
    parser.add_argument("--list", action="store_true", help="only say which guards there are")
    parser.add_argument("--look", action="store_true", help="only see which test enters which function")
    parser.add_argument("--at", help="FILE:LINE, only this one, again")
    asked = parser.parse_args()
    if asked.look or (not asked.list and not SEEN.exists()):
        look(again=asked.look)
    apps = asked.apps or _apps()
    if asked.at:
        apps = [Path(asked.at).parts[Path(asked.at).parts.index("pay") + 1]]
    return 0 if asked.look else int(sum(_run(app, asked.at, listing=asked.list) for app in apps) > 0)


def _run(app: str, at: str | None, *, listing: bool) -> int:
    """The table of an app; how many survived."""
    found = VAR / app / "found.json"
    known: dict[str, str] = json.loads(found.read_text()) if found.exists() else {}
    tree = Tree(app)
    if not listing:
        tree.copy()
    survived = 0
    for guard in guards_of(app):
        if at and f"{guard.path}:{guard.line}" != at:
            continue
        key = guard.key((ROOT / guard.path).read_text())
        behind = BEHIND.get(guard.name)
        key += f" behind {behind.other} {behind.test}" if behind else ""
        if not listing and (at or not known.get(key)):
            known[key] = tried(tree, guard)
            found.write_text(json.dumps(known, indent=1))
        verdict = known.get(key)
        said = "" if verdict is None else f"killed by {verdict}" if verdict else "SURVIVED"
        survived += verdict == ""
        print(f"{guard.path}:{guard.line} | {guard.function}: {guard.what} | {said}", flush=True)
    if not listing:
        tree.stop()
    return survived


if __name__ == "__main__":
    sys.exit(main())
