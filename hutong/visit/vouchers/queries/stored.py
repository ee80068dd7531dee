"""Reading what a raw cursor hands out."""

import json
from typing import Any


def loaded(value: Any) -> Any:
    """A JSON column as Python values: a raw cursor of Django hands out its text."""
    return json.loads(value) if isinstance(value, str) else value
