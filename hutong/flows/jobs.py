"""The jobs by name: what the outbox may ask for, and what runs by the clock. Each calls one flow."""

from typing import Any


def register(app: Any) -> None:
    """Tell Procrastinate every job of the house; called once Django is ready."""
