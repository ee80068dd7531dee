"""Finds the guards that stand in the code of pay/, by rules: a new one is not forgotten.

A guard is
- a lock: `advisory(...)`, `select_for_update`, FOR UPDATE in SQL;
- a condition of a change: what a `filter` asks beyond naming the row, where its rows are then changed or locked, and
  the same in SQL, and there also what it is linked to, its unit of money, and what is asked in brackets. A filter that
  is only read with decides nothing by itself: what is done next has its own guard.
- ON CONFLICT, by which a rival's row is not an error, and `Case(When(...))`, by which a change depends on the row.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAY = ROOT / "hutong" / "pay"

# Which row is meant, not how it has to be: its key, or the key of what it belongs to. Compared with something fixed
# ("", None, a state) the same column does say how the row has to be.
_NAMES = re.compile(
    r"^(pk|id|ref|public_id|\w+_ref|\w+_refs|code_hmac|batch_id|provider|bill__provider|bill__on|payment|refund|order|card"
    r"|reference)(__in)?$"
)
_CHANGES = {"update", "delete", "select_for_update"}
# A value in SQL, whole: what is left without it has to be a statement.
_VALUE = r"(?:%\(\w+\)s|%s|'\w*'|[\w.]+)(?:::\w+(?:\[\])?)?"
_IN_BRACKETS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
_WORDS = {
    "FOR UPDATE": re.compile(r" FOR (?:NO KEY )?UPDATE(?: OF \w+(?:, \w+)*)?(?: SKIP LOCKED)?"),
    "ON CONFLICT": re.compile(r"\s*ON CONFLICT(?: \([^)]*\))? DO NOTHING"),
    "the condition": re.compile(
        rf"\s+AND [\w.]+(?: [+-] {_VALUE})? (?:>=|<=|>|<) {_VALUE}(?: [+-] {_VALUE})?"
    ),
    "the state": re.compile(
        r"\s+AND [\w.]*(?:state|undone_at|ended_at|sent_at|closed_at) (?:= ANY|IN|=|<>|IS NOT|IS) ?"
        rf"(?:{_IN_BRACKETS}|{_VALUE})"
    ),
    "the link": re.compile(r"\s+AND [\w.]+_id IS (?:NOT )?NULL"),
    "the unit": re.compile(r"\s+AND (?:\w\.)?unit = %\(unit\)s"),
    "one of": re.compile(rf"\s+AND {_IN_BRACKETS}"),
}


@dataclass(frozen=True)
class CodeGuard:
    """A piece of a file, and what stands there when the guard is gone."""

    path: str
    line: int
    function: str
    what: str
    start: int
    end: int
    instead: str = ""

    @property
    def name(self) -> str:
        """What it is called where guards are listed; it stays while the lines move."""
        return f"{self.path.removeprefix('hutong/pay/')}:{self.function}:{self.what}"

    def key(self, source: str) -> str:
        """What stays the same while the code around it does."""
        words = f"{self.name} {source[max(0, self.start - 120) : self.end + 40]}"
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def guards_of(app: str, root: Path = ROOT) -> list[CodeGuard]:
    """Every guard of an app in this tree, by file and line."""
    found = []
    for path in sorted((root / PAY.relative_to(ROOT) / app).glob("**/*.py")):
        if "migrations" not in path.parts and "providers" not in path.parts:
            found += found_in(path, root)
    return found


def found_in(path: Path, root: Path = ROOT) -> list[CodeGuard]:
    """The guards of a file; those of one function that would be called the same are numbered."""
    source = path.read_text()
    name = str(path.relative_to(root))
    tree = ast.parse(source)
    found = [*_in_calls(name, source, tree), *_in_sql(name, source, tree)]
    called: Counter[str] = Counter()
    numbered = []
    for guard in sorted(found, key=lambda each: each.start):
        called[guard.name] += 1
        number = called[guard.name]
        numbered.append(replace(guard, what=f"{guard.what} #{number}") if number > 1 else guard)
    return numbered


class Places:
    """Where the nodes of a source stand in its text."""

    def __init__(self, source: str) -> None:
        """Count the bytes of the lines, as the parser does."""
        self._bytes = source.encode()
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line.encode()))

    def begin(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """The first letter of a node."""
        return self._letter(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """One after its last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._letter(node.end_lineno, node.end_col_offset)

    def _letter(self, line: int, column: int) -> int:
        return len(self._bytes[: self._lines[line - 1] + column].decode())


def _in_calls(name: str, source: str, tree: ast.Module) -> Iterator[CodeGuard]:
    places = Places(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        changed = _changed_names(function, parents)

        def guard(node: ast.expr, what: str, start: int, end: int, instead: str = "") -> CodeGuard:
            return CodeGuard(name, node.lineno, function.name, what, start, end, instead)  # noqa: B023

        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and _called(node.value) == "advisory":
                yield guard(node.value, "advisory", places.begin(node), places.end(node), "pass")
            if not isinstance(node, ast.Call):
                continue
            if _called(node) == "Case":
                then = _then(node)
                if then is not None:
                    words = ast.get_source_segment(source, then) or ""
                    yield guard(node, "Case(When)", places.begin(node), places.end(node), words)
            if not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "select_for_update":
                yield guard(node, "select_for_update", places.end(node.func.value), places.end(node))
            if node.func.attr == "filter" and _is_changed(node, parents, changed):
                for keyword in node.keywords:
                    if keyword.arg and _asks(keyword):
                        begin, end = places.begin(keyword), places.end(keyword)
                        after = re.match(r",\s*", source[end:])
                        end += len(after[0]) if after else 0
                        yield guard(keyword.value, f"filter({keyword.arg})", begin, end)


def _asks(keyword: ast.keyword) -> bool:
    fixed = isinstance(keyword.value, ast.Constant) or (
        isinstance(keyword.value, ast.List) and not keyword.value.elts
    )
    return fixed or not _NAMES.match(keyword.arg or "")


def _then(case: ast.Call) -> ast.expr | None:
    for argument in case.args:
        if isinstance(argument, ast.Call) and _called(argument) == "When":
            return next((each.value for each in argument.keywords if each.arg == "then"), None)
    return None


def _chain(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> tuple[set[str], ast.AST]:
    """The methods that are called on what a node gives, one after the other, and where the last one's answer goes."""
    methods, here = set(), node
    while True:
        parent = parents[here]
        if isinstance(parent, ast.Attribute) and parent.value is here:
            methods.add(parent.attr)
        elif not (isinstance(parent, ast.Call) and parent.func is here):
            return methods, parent
        here = parent


def _changed_names(function: ast.FunctionDef, parents: dict[ast.AST, ast.AST]) -> set[str]:
    names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    return {node.id for node in names if _chain(node, parents)[0] & _CHANGES}


def _is_changed(node: ast.Call, parents: dict[ast.AST, ast.AST], changed: set[str]) -> bool:
    before: ast.expr = node
    while isinstance(before, (ast.Call, ast.Attribute)):
        if isinstance(before, ast.Attribute) and before.attr == "select_for_update":
            return True
        before = before.func if isinstance(before, ast.Call) else before.value
    methods, taken = _chain(node, parents)
    assigned = isinstance(taken, ast.Assign) and {
        target.id for target in taken.targets if isinstance(target, ast.Name)
    }
    return bool(methods & _CHANGES or (assigned and assigned & changed))


def _in_sql(name: str, source: str, tree: ast.Module) -> Iterator[CodeGuard]:
    for literal in re.finditer(r'"""(?s:.*?)"""|f?"[^"\n]*"', source):
        if not re.search(r"\b(UPDATE|INSERT|SELECT)\b", literal[0]):
            continue
        changes = re.search(r"UPDATE \w+|INSERT INTO", literal[0])
        for what, words in _WORDS.items():
            if what.startswith(("the ", "one of")) and not changes:
                continue
            for hit in words.finditer(literal[0]):
                begin = literal.start() + hit.start()
                number = source.count("\n", 0, begin) + 1
                whole = f"{what}: {hit[0].strip()[:50]}".strip()
                yield CodeGuard(name, number, _around(tree, number), whole, begin, begin + len(hit[0]))


def _around(tree: ast.Module, line: int) -> str:
    """The function or the constant that a line belongs to."""
    for node in tree.body:
        if node.lineno <= line <= (node.end_lineno or 0):
            if isinstance(node, ast.FunctionDef):
                return node.name
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                return node.targets[0].id
    return ""


def _called(node: ast.expr) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
