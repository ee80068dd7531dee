"""What took long to make, kept as copies of its rows: put back into empty tables in a fraction of the time."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection, transaction
from psycopg import sql

from hutong.kernel.rows import execute, rows

# Bookkeeping of Django and Procrastinate, which is not emptied between tests.
_LEFT_ALONE = "^(django_migrations|django_content_type|auth_permission|procrastinate_.*)$"


@dataclass
class Copies:
    """The rows of all tables that had any, by table, and where each sequence stood."""

    tables: dict[str, bytes] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    def take(self) -> None:
        """Keep what the database holds now."""
        names = rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname !~ %s ORDER BY relname",
            [_LEFT_ALONE],
        )
        with connection.cursor() as cursor:
            for name in (row["relname"] for row in names):
                command = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(name))
                with cursor.copy(command) as copy:
                    self.tables[name] = b"".join(bytes(piece) for piece in copy)
        self.sequences = {
            row["name"]: row["last_value"]
            for row in rows(
                "SELECT quote_ident(sequencename) AS name, last_value FROM pg_sequences"
                " WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT LIKE 'procrastinate%%'"
            )
        }

    def put_back(self) -> None:
        """Make the database, which is empty, hold what was taken. Neither foreign keys nor triggers look at it again."""
        with transaction.atomic():
            execute("SET LOCAL session_replication_role = replica")
            with connection.cursor() as cursor:
                for name, held in self.tables.items():
                    command = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(name))
                    with cursor.copy(command) as copy:
                        copy.write(held)
            for name, stood_at in self.sequences.items():
                execute("SELECT setval(%s, %s)", [name, stood_at])
