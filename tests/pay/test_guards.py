"""What the database itself refuses in pay/: each constraint refuses a row that everything else lets in.

`guards.txt` is the list of them, made by `python -m tools.guards list`: one that is new or gone is a line in the diff.
Each test takes its guard away first and finds a row that only it refuses; so no test passes by another guard's work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.db import Error, transaction

from hutong.kernel.rows import execute
from tests.factories import any_row, merchants, people
from tools.guards import LIST, Guard, listed, standing

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("its rows are any that a table takes")]

WILD = 30
"""So many rows are drawn until one meets the guard alone."""

GUARDS = listed(LIST.read_text())


@dataclass(frozen=True)
class Behind:
    """A guard that no row meets first, since another one of its table stands in front of it."""

    table: str
    front: str
    row: str
    """A statement that both refuse, once there is a row; made for the two alone, so nothing else refuses it."""
    why: str


BEHIND = {
    "ledger_account_id_unit": Behind(
        table="ledger_account",
        front="ledger_account_pkey",
        row="INSERT INTO ledger_account (id, kind, owner_ref, unit, guarded) OVERRIDING SYSTEM VALUE"
        " SELECT id, kind, owner_ref || 'x', unit, guarded FROM ledger_account",
        why="the composite keys of transfers name it; ids are unique by themselves",
    ),
}


@pytest.fixture(autouse=True)
def _rows_of_other_rooms(db: None) -> None:
    merchants.store()
    people.person()
    execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_list_is_what_the_database_has() -> None:
    """After a migration: `python -m tools.guards list`."""
    assert {(guard.kind, guard.table, guard.name) for guard in standing()} == {
        (guard.kind, guard.table, guard.name) for guard in GUARDS
    }


@pytest.mark.parametrize("table", sorted({guard.table for guard in GUARDS}))
def test_every_guard_of_a_table_refuses_what_it_is_for(table: str) -> None:
    faults = {name: fault for name, fault in faults_of(table, away=False).items() if fault}
    assert faults == {}


@pytest.mark.long
@pytest.mark.parametrize("table", sorted({guard.table for guard in GUARDS}))
def test_control_without_it_each_is_missed(table: str) -> None:
    faults = faults_of(table, away=True)
    for name, fault in faults.items():
        print(f"guard {name} | {'killed' if fault else 'survived'}")
    assert [name for name, fault in faults.items() if not fault] == []


@pytest.mark.parametrize("name", BEHIND)
def test_one_that_stands_behind_refuses_alone_what_is_let_in_without_both(name: str) -> None:
    behind = BEHIND[name]
    any_row.make(any_row.table(behind.table))
    for standing_first in (behind.front, name):
        assert f'"{standing_first}"' in (_refused(behind.row) or "nothing")
        execute(f"ALTER TABLE {behind.table} DROP CONSTRAINT {standing_first} CASCADE")
    assert _refused(behind.row) is None


def faults_of(table: str, *, away: bool) -> dict[str, str]:
    """What was found of each guard of a table, "" where it holds; with each of them taken away before if `away`."""
    if any(parent.table == table for parent in any_row.table(table).parents):
        for _row in range(2):  # which others can name while a guard is away
            any_row.make(any_row.table(table))
    faults = {}
    for guard in GUARDS:
        if guard.table == table and guard.name not in BEHIND:
            with transaction.atomic():
                if away:
                    any_row.drop(guard.kind, guard.table, guard.name)
                try:
                    HOLDS[guard.kind](guard)
                    faults[guard.name] = ""
                except AssertionError as fault:
                    faults[guard.name] = str(fault) or repr(fault)
                transaction.set_rollback(True)
    return faults


def check_refuses_what_it_says(guard: Guard) -> None:
    """A row of which the check is false is refused by it."""
    says = re.sub(r"^CHECK (.*?)( NOT VALID)?$", r"\1", guard.definition)
    with any_row.without(guard.kind, guard.table, guard.name):
        row = any_row.make(any_row.table(guard.table), where=f"({says}) = FALSE", keep=False)
    assert any_row.insert(any_row.table(guard.table), row) == guard.name, row


def second_row_of_the_same_is_refused(guard: Guard) -> None:
    """Of two rows that are alike in what has to be unique, and in nothing else that has to be, one is refused."""
    columns = [name.strip(' "') for name in guard.columns.split(",")]
    there = [f'"{name}" IS NOT NULL' for name in columns if "NULLS NOT DISTINCT" not in guard.definition]
    where = " AND ".join([*there, f"({guard.definition.partition(' WHERE ')[2] or 'TRUE'})"])
    table = any_row.table(guard.table)
    with any_row.without(guard.kind, guard.table, guard.name):
        for wild in range(WILD):
            first = any_row.make(table, where=where, wild=wild, keep=False)
            second = any_row.fresh(table, first, but=columns)
            with transaction.atomic():
                refused = any_row.insert(table, first) or any_row.insert(table, second, where=where)
                transaction.set_rollback(True)
            if refused is None:
                break
        assert refused is None, f"{refused} refuses it, too: {second}"
    assert any_row.insert(table, first) is None
    assert any_row.insert(table, second) == guard.name, second


def name_of_nothing_is_refused(guard: Guard) -> None:
    """A row that names a row that is not there is refused."""
    # Of a composite key the first column alone is wrong, so that the others stay what they are.
    column = guard.columns.split(",")[0].strip(' "')
    table = any_row.table(guard.table)
    with any_row.without(guard.kind, guard.table, guard.name):
        for wild in range(WILD):
            good = any_row.make(table, where=f'"{column}" IS NOT NULL', wild=wild, keep=False)
            row = good | {column: 987_654_321}
            refused = any_row.insert(table, row, keep=False)
            if refused is None:
                break
        assert refused is None, f"{refused} refuses it, too: {row}"
    assert any_row.insert(table, row) == guard.name, row


def trigger_refuses_every_change_it_is_for(guard: Guard) -> None:
    """Every kind of statement that the trigger is for is refused by it alone."""
    any_row.make(any_row.table(guard.table))
    execute(f"ALTER TABLE {guard.table} DISABLE TRIGGER USER")
    statements = _statements(guard)
    assert statements
    for statement in statements:
        # The control: without any trigger it happens.
        assert _refused(statement) is None
        execute(
            f"DO $$ BEGIN ALTER TABLE {guard.table} ENABLE TRIGGER {guard.name};"
            " EXCEPTION WHEN undefined_object THEN NULL; END $$"
        )
        refused = _refused(statement)
        execute(f"ALTER TABLE {guard.table} DISABLE TRIGGER USER")
        assert refused, f"{statement} is let through"


def _statements(guard: Guard) -> list[str]:
    events = re.sub(r".* (?:BEFORE|AFTER) (.*?) ON .*", r"\1", guard.definition)
    pattern = {
        "UPDATE": f"UPDATE {guard.table} SET {_first_column(guard.table)} = {_first_column(guard.table)}",
        "DELETE": f"DELETE FROM {guard.table}",
        "TRUNCATE": f"TRUNCATE {guard.table} CASCADE",
    }
    return [pattern[event.split(" OF ")[0]] for event in events.split(" OR ")]


def _first_column(table: str) -> str:
    return next(name for name, column in any_row.table(table).columns.items() if not column.made)


def _refused(statement: str) -> str | None:
    try:
        with transaction.atomic():
            execute(statement)
            raise _LetThrough
    except _LetThrough:
        return None
    except Error as error:
        return str(error)


class _LetThrough(Exception):
    """The statement happened, and is taken back."""


HOLDS = {
    "check": check_refuses_what_it_says,
    "unique": second_row_of_the_same_is_refused,
    "index": second_row_of_the_same_is_refused,
    "key": name_of_nothing_is_refused,
    "trigger": trigger_refuses_every_change_it_is_for,
}
