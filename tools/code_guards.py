"""The guards of pay/ that stand in code: taken away one by one in a copy of the tree, to see which test notices.

    python -m tools.code_guards [APP ...]      prints a table; what was found is kept in var/guards and not run again

A guard is a lock, a condition of an UPDATE, the words of a statement that make a rival wait or lose. They are found
in the source, so a new one is not forgotten. `BEHIND` names those behind which a constraint stands.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAY = ROOT / "hutong" / "pay"
COPY, FOUND = ROOT / "var" / "guards" / "tree", ROOT / "var" / "guards" / "found.json"
TIMEOUT_S = 900

# Which row is meant, not in which state it has to be.
_NAMES = re.compile(r"^(pk|id|public_id|\w+_ref|\w+_refs|provider|payment|refund|order|card|unit|reference)$")
_WORDS = {
    "FOR UPDATE": re.compile(r" FOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?"),
    "ON CONFLICT": re.compile(r"\s*ON CONFLICT(?: \([^)]*\))? DO NOTHING"),
    "the condition": re.compile(r"\s+AND [\w.]+(?: [+-] [\w.()%]+)? (?:>=|<=) [\w.%()]+"),
    "the state": re.compile(
        r"\s+AND [\w.]*(?:state|undone_at|ended_at|sent_at|closed_at) (?:=|IS|IN|= ANY) ?"
        r"(?:(?! ORDER| RETURNING| FOR )[^\n\"])+"
    ),
}


@dataclass(frozen=True)
class CodeGuard:
    """A piece of a file, and what stands there when the guard is gone."""

    path: str
    line: int
    what: str
    start: int
    end: int
    instead: str = ""

    def key(self, source: str) -> str:
        """What stays the same while the code around it does."""
        words = f"{self.path} {self.what} {source[max(0, self.start - 120) : self.end + 40]}"
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def found_in(path: Path) -> Iterator[CodeGuard]:
    """The guards of a file."""
    source = path.read_text()
    name = str(path.relative_to(ROOT))
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line.encode()))

    def place(node: ast.expr | ast.stmt | ast.keyword, *, end: bool = False) -> int:
        line, column = (node.end_lineno, node.end_col_offset) if end else (node.lineno, node.col_offset)
        assert line is not None
        assert column is not None
        return len(source.encode()[: lines[line - 1] + column].decode())

    for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
        text = ast.get_source_segment(source, function) or ""
        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and _called(node.value) == "advisory":
                yield CodeGuard(name, node.lineno, "advisory", place(node), place(node, end=True), "pass")
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "select_for_update":
                begin = place(node.func.value, end=True)
                yield CodeGuard(name, node.lineno, "select_for_update", begin, place(node, end=True))
            if node.func.attr == "filter" and ".update(" in text:
                for keyword in node.keywords:
                    if keyword.arg and not _NAMES.match(keyword.arg):
                        begin, end = place(keyword), place(keyword, end=True)
                        after = re.match(r",\s*", source[end:])
                        end += len(after[0]) if after else 0
                        yield CodeGuard(name, keyword.lineno, f"filter({keyword.arg})", begin, end)
    for literal in re.finditer(r'"""(?s:.*?)"""|f?"[^"\n]*"', source):
        if not re.search(r"\b(UPDATE|INSERT|SELECT)\b", literal[0]):
            continue
        changes = re.search(r"UPDATE \w+|INSERT INTO", literal[0])
        for what, words in _WORDS.items():
            if what.startswith("the ") and not changes:
                continue
            for hit in words.finditer(literal[0]):
                begin = literal.start() + hit.start()
                number = source.count("\n", 0, begin) + 1
                yield CodeGuard(name, number, f"{what}: {hit[0].strip()[:50]}", begin, begin + len(hit[0]))


def _called(node: ast.expr) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def tests_of(app: str) -> list[list[str]]:
    """What should notice, the likeliest first: the app's own tests, the flows, the races."""
    flows = [
        "checkout",
        "payment_received",
        "refund",
        "redeem",
        "jobs",
        "many_uses",
        "dispute",
        "payouts",
        "gift_cards",
    ]
    there = [f"tests/flows/test_{name}.py" for name in flows]
    return [
        [f"tests/pay/{app}"],
        [path for path in there if (ROOT / path).exists()],
        ["tests/concurrency"],
    ]


def first_failure(tests: list[str], but: Iterable[str] = ()) -> str:
    """The first test that fails in the copy, "" when none does; `but` those that fail anyway."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        *tests,
        "-n",
        "0",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=no",
    ]
    command += ["-m", "not long and not browser", "--ignore-glob=*/stripe/*"]
    command += ["--ignore-glob=*/wechat/*", "--ignore-glob=*/alipay/*", "--ignore-glob=*/test_sandbox_*"]
    command += [f"--deselect={name}" for name in but]
    environment = {**os.environ, "PYTHONPATH": str(COPY)}
    try:
        done = subprocess.run(
            command, cwd=COPY, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "time-out"
    if done.returncode == 5:
        return ""  # no test there
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if not failed and done.returncode:
        raise RuntimeError(f"the tests do not run: {(done.stdout + done.stderr)[-2000:]}")
    return failed[1] if failed else ""


def copy_tree() -> None:
    """A copy of what the tests need."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in ("hutong", "tests", "tools", "bench", "docs", "frontend", "deploy"):
        shutil.copytree(ROOT / name, COPY / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, COPY / path.name)


def main() -> int:
    """Run what was asked for; exit code 1 where something survived that is not said to."""
    apps = sorted(path.name for path in PAY.iterdir() if (path / "apps.py").exists())
    parser = argparse.ArgumentParser(prog="python -m tools.code_guards", description=__doc__)
    parser.add_argument("apps", nargs="*", choices=[*apps, []])
    parser.add_argument("--list", action="store_true", help="only say which guards there are")
    asked = parser.parse_args()
    known: dict[str, str] = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    if not asked.list:
        copy_tree()
    survived = 0
    for app in asked.apps or apps:
        for path in sorted((PAY / app).glob("**/*.py")):
            if "migrations" in path.parts or "providers" in path.parts:
                continue
            source = path.read_text()
            for guard in found_in(path):
                key = guard.key(source)
                if not asked.list and key not in known:
                    known[key] = _without(guard, source, app)
                    FOUND.write_text(json.dumps(known, indent=1))
                verdict = known.get(key)
                killed = "" if verdict is None else f"killed by {verdict}" if verdict else "SURVIVED"
                survived += verdict == ""
                print(f"{guard.path}:{guard.line} | {guard.what} | {killed}", flush=True)
    return int(survived > 0)


def _without(guard: CodeGuard, source: str, app: str) -> str:
    path = COPY / guard.path
    for tests in tests_of(app):
        while tests:
            path.write_text(source[: guard.start] + guard.instead + source[guard.end :])
            try:
                failed = first_failure(tests, _fails_anyway)
            finally:
                path.write_text(source)
            if failed and first_failure([failed]):
                _fails_anyway.add(failed)
                continue
            if failed:
                return failed
            break
    return ""


_fails_anyway: set[str] = set()


if __name__ == "__main__":
    sys.exit(main())
