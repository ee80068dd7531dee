"""Django made ready for a command, with a database behind it."""

import os

from hutong.cli.screen import console


def django(*, wait_for_database: bool) -> bool:
    """Set Django up. With `wait_for_database`, start the embedded server when no DATABASE_URL is given.

    True when it was started here, so that whoever started it can stop it.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django as framework

    framework.setup()
    started = False
    if wait_for_database:
        from django.conf import settings

        from hutong.kernel import database

        if not os.environ.get("DATABASE_URL"):
            started = database.start_embedded(settings.HUTONG_HOME)
        database.ensure_database(settings.DATABASES["default"])
    return started


def migrate() -> None:
    """Bring the tables to this version; quiet unless something is done."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        with console.status(f"Making the tables ({len(waiting)} migrations) ..."):
            call_command("migrate", verbosity=0, interactive=False)
