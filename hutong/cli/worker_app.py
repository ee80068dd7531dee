"""Procrastinate's app as the worker runs it; a module of its own, because one that is started may not make an app."""

from typing import Any

from procrastinate import App
from procrastinate.contrib.django import app


def app_of_this_loop() -> Any:
    """The jobs of the house on asynchronous connections of their own.

    Procrastinate's own way is to put these connections into the one app there is. Then the relay's thread has them,
    too: it hands rows over outside of its transaction, and both wait for each other for 30 s when it does so while
    they are being opened.
    """
    made = App(connector=app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has one
    made.tasks = app.tasks
    return made
