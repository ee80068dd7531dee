"""Who runs the site."""

from __future__ import annotations

from hutong.town.people.models import Person


def operators() -> list[Person]:
    """Everybody who may enter the operator's office, the first one first."""
    return list(Person.objects.filter(is_operator=True, is_active=True).order_by("pk"))
