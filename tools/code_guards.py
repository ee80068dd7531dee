"""The guards of pay/ that stand in code: taken away one by one in a copy of the tree, to see which test notices.

    python -m tools.code_guards --look           which test enters which guarded function; minutes, the first time
    python -m tools.code_guards [APP ...]        prints a table; what was found is kept in var/guards and not run again
    python -m tools.code_guards --at FILE:LINE   only the guards of that line, again

Each app has its own copy, database and results, so that several can run at once. What is tried first are the quickest
tests that enter the function, all in one process (`tools.code_guards_trial`). `tools.code_guards_found` says what a
guard is, `tools.code_guards_behind` which of them are second lines of defence: those go together with the first.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.code_guards_behind import BEHIND
from tools.code_guards_found import PAY, ROOT, CodeGuard, Places, guards_of

VAR = ROOT / "var" / "guards"
SEEN = VAR / "seen.jsonl"
TIMEOUT_S = 3600
# Where a guard of pay/ can be noticed: alone, in the flows, in the races.
_FOLDERS = ("tests/pay", "tests/flows", "tests/concurrency")
_LEFT_OUT = ("*/stripe/*", "*/wechat/*", "*/alipay/*", "*/test_sandbox_*", "*/test_guards.py")


@dataclass
class Tree:
    """A copy of what the tests need, with its own database server."""

    name: str

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

    def stop(self) -> None:
        """End its database server."""
        from hutong.kernel import database

        database.stop_embedded(self.home)


def look(*, again: bool) -> None:
    """Run the tests that are new or changed since the last time, and keep which guarded functions each enters."""
    VAR.mkdir(parents=True, exist_ok=True)
    with (VAR / "looking").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run that looks is waited for
        if again or not SEEN.exists():
            _look()


def _look() -> None:
    tree, started, newer = Tree("look"), time.time(), _newer()
    tree.copy()
    for app in _apps():
        for path in {ROOT / guard.path for guard in guards_of(app)}:
            (tree.root / path.relative_to(ROOT)).write_text(_telling(path))
    part = VAR / "seen.part"
    part.write_text("".join(f"{json.dumps(each)}\n" for each in _seen() if _file(each["test"]) not in newer))
    told = {"HUTONG_GUARDS_SEEN": str(part)}
    if newer:
        tree.pytest(newer, "--reuse-db", "-p", "tools.code_guards_seen", environment=told)
    # What is changed while they run is looked at the next time.
    os.utime(part, (started, started))
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
    """The tests that can notice: files of its app that nobody has looked at since they were changed, for there a test of
    this very guard would be; those that enter the function, its own app's and then the quickest first; other new files.
    """
    names = {f"{guard.path.removeprefix('hutong/pay/')}:{name}" for name in _functions(guard)}
    newer = _newer()
    found = [each for each in _seen() if names & set(each["in"])]
    own = f"tests/pay/{Path(guard.path).parts[2]}/"
    found.sort(key=lambda each: (not each["test"].startswith(own), float(each["s"])))
    there = (each["test"] for each in found if (ROOT / _file(each["test"])).exists())
    newer.sort(key=lambda path: not path.startswith(own))
    first = [path for path in newer if path.startswith(own)]
    return [*first, *(test for test in there if _file(test) not in newer), *newer[len(first) :]]


def _seen() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SEEN.read_text().splitlines()] if SEEN.exists() else []


def _newer() -> list[str]:
    looked = SEEN.stat().st_mtime if SEEN.exists() else 0.0
    return [path for path in _tests() if (ROOT / path).stat().st_mtime > looked]


def _file(test: str) -> str:
    return test.partition("::")[0]


def _tests() -> list[str]:
    paths = (path for folder in _FOLDERS for path in sorted((ROOT / folder).glob("**/test_*.py")))
    return [str(path.relative_to(ROOT)) for path in paths if not any(path.match(each) for each in _LEFT_OUT)]


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


def _sources(guards: Sequence[CodeGuard], root: Path) -> list[dict[str, str]]:
    """What stands in the place of the functions and constants of these guards when all of them are gone."""
    made = []
    for path in {guard.path for guard in guards}:
        gone = [guard for guard in guards if guard.path == path]
        source = (root / path).read_text()
        for guard in sorted(gone, key=lambda each: -each.start):
            source = source[: guard.start] + guard.instead + source[guard.end :]
        made += [
            {"path": path, "name": name, "source": source} for name in {guard.function for guard in gone}
        ]
    return made


def _jobs(guard: CodeGuard, within_s: float, root: Path) -> list[dict[str, Any]]:
    """What is tried for a guard: it alone; for a second line of defence also the other one, and both together."""
    job = {
        "key": guard.name,
        "without": _sources([guard], root),
        "tests": [],
        "within_s": within_s,
        "dropped": "",
    }
    behind = BEHIND.get(guard.name)
    if behind is None:
        return [job | {"tests": entering(guard)}]
    job["tests"] = [behind.test]
    others = [each for app in _apps() for each in guards_of(app, root) if each.name == behind.other]
    if not others:  # a constraint; that the test passes without it is seen when the guard is put back
        return [job, job | {"key": f"{guard.name} both", "dropped": behind.other}]
    other = job | {"key": f"{guard.name} other", "without": _sources(others, root)}
    return [job, other, job | {"key": f"{guard.name} both", "without": _sources([guard, *others], root)}]


def _answers(tree: Tree, jobs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The test that noticed, for each job; nothing for those that were not reached."""
    answers: dict[str, str] = {}
    for dropped in sorted({job["dropped"] for job in jobs}):  # none first
        these = [job for job in jobs if job["dropped"] == dropped]
        asked = VAR / tree.name / "try.json"
        said = asked.with_suffix(".answers")
        said.unlink(missing_ok=True)
        asked.write_text(json.dumps(these))
        files = sorted({_file(test) for job in these for test in job["tests"]})
        environment = {"HUTONG_GUARDS_TRY": str(asked), "HUTONG_WITHOUT": dropped}
        # A database that lacks a constraint is made for this run only.
        database = "--create-db" if dropped else "--reuse-db"
        try:
            tree.pytest(files, database, "-p", "tools.code_guards_trial", environment=environment)
        except RuntimeError as error:
            # What was answered until then is kept, and the rest is asked the next time.
            print(error, file=sys.stderr)
        lines = said.read_text().splitlines() if said.exists() else []
        answers |= {line["key"]: line["test"] for line in map(json.loads, lines)}
    return answers


def _verdict(guard: CodeGuard, answers: Mapping[str, str]) -> str | None:
    """Which test notices, "" when none does; None when that is not known."""
    alone, behind = answers.get(guard.name), BEHIND.get(guard.name)
    if behind is None or alone is None:
        return alone
    both = answers.get(f"{guard.name} both", "")
    return (
        f"{both}, where {behind.other} is gone too"
        if both and not alone + answers.get(f"{guard.name} other", "")
        else ""
    )


def _apps() -> list[str]:
    return sorted(path.name for path in PAY.iterdir() if (path / "apps.py").exists())


def main() -> int:
    """Run what was asked for; exit code 1 where something survived."""
    parser = argparse.ArgumentParser(prog="python -m tools.code_guards", description=__doc__)
    parser.add_argument("apps", nargs="*", choices=[*_apps(), []])
    parser.add_argument("--list", action="store_true", help="only say which guards there are")
    parser.add_argument("--look", action="store_true", help="only see which test enters which function")
    parser.add_argument("--at", help="FILE:LINE, only this one, again")
    parser.add_argument(
        "--within", type=float, default=300, metavar="S", help="a guard survives after so long"
    )
    asked = parser.parse_args()
    if asked.look or (not asked.list and not SEEN.exists()):
        look(again=asked.look)
    apps = asked.apps or _apps()
    if asked.at:
        apps = [Path(asked.at).parts[Path(asked.at).parts.index("pay") + 1]]
    return (
        0
        if asked.look
        else int(sum(_run(app, asked.at, asked.within, listing=asked.list) for app in apps) > 0)
    )


def _run(app: str, at: str | None, within_s: float, *, listing: bool) -> int:
    """The table of an app; how many survived."""
    found = VAR / app / "found.json"
    known: dict[str, str] = json.loads(found.read_text()) if found.exists() else {}
    tree = Tree(app)
    if not listing:
        tree.copy()
    root = ROOT if listing else tree.root
    guards = [each for each in guards_of(app, root) if not at or f"{each.path}:{each.line}" == at]
    keys = {guard.name: _key(guard, root) for guard in guards}
    if not listing:
        wanted = [guard for guard in guards if at or not known.get(keys[guard.name])]
        try:
            answers = _answers(tree, [job for guard in wanted for job in _jobs(guard, within_s, root)])
        finally:
            tree.stop()
        verdicts = {keys[guard.name]: _verdict(guard, answers) for guard in wanted}
        known |= {key: verdict for key, verdict in verdicts.items() if verdict is not None}
        found.write_text(json.dumps(known, indent=1))
    for guard in guards:
        verdict = known.get(keys[guard.name])
        said = "" if verdict is None else f"killed by {verdict}" if verdict else "SURVIVED"
        print(f"{guard.path}:{guard.line} | {guard.function}: {guard.what} | {said}", flush=True)
    return sum(not known.get(key) for key in keys.values())


def _key(guard: CodeGuard, root: Path) -> str:
    """By what the answer is kept: it is asked anew when the code around changes, or what stands behind."""
    behind = BEHIND.get(guard.name)
    key = guard.key((root / guard.path).read_text())
    return f"{key} behind {behind.other} {behind.test}" if behind else key


if __name__ == "__main__":
    sys.exit(main())
