"""Placements for tests, made as the operator makes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from hutong.attract.placements import services
from hutong.attract.placements.types import PlacementDraft
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from tests.factories import people


def placement(
    shows: Store | Offer,
    *,
    region: Region,
    at: datetime,
    category: str | None = None,
    views_a_day: int = 100,
    days: int = 7,
    by: Person | None = None,
) -> str:
    """The public id of a placement that runs from `at` on."""
    return services.place(
        draft=PlacementDraft(
            region_ref=region.public_id,
            subject_ref=shows.public_id,
            category_slug=category,
            starts_at=at,
            ends_at=at + timedelta(days=days),
            views_a_day=views_a_day,
        ),
        by=by or people.operator(),
        at=at,
    )
