"""Django made ready for a command, with a database behind it."""

import os


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

        if settings.HUTONG_EMBEDDED:
            started = database.start_embedded(settings.HUTONG_HOME)
        database.ensure_database(settings.DATABASES["default"])
    return started


def migrate() -> None:
    """Bring the tables to this version where they are not; quiet unless something is done."""
    from hutong.cli import upgrade

    if upgrade.waiting():
        upgrade.run()
