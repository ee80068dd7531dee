"""Stores learn where in their town they lie, and regions how many shops they have.

A store learns it whenever it is imported, signed up or moved (`town.merchants` sees to that); this is for when the
districts and circles themselves are other than before.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from hutong.kernel import outbox
from hutong.town.merchants.queries import shops_by_region
from hutong.town.merchants.services import place_in_regions
from hutong.town.regions.queries import regions
from hutong.town.regions.services import set_shops
from hutong.town.regions.types import RegionKind

JOB = "place_region"
# So many stores are made findable again one by one; beyond, all of the town is.
ONE_BY_ONE = 500


def place_region(region_ref: str, at: datetime, progress: Callable[[int], None] | None = None) -> int:
    """Place all stores of a town in its districts and circles; how many lie elsewhere now. Search follows.

    Safe to run again, and in two workers at once.
    """
    with transaction.atomic():
        changed = place_in_regions(region_ref=region_ref, progress=progress)
        if len(changed) > ONE_BY_ONE:
            outbox.send("index_region", at=at, region_ref=region_ref)
        else:
            for store_ref in changed:
                outbox.send("index_store", at=at, store_ref=store_ref)
    count_shops()
    return len(changed)


def count_shops() -> int:
    """Write down how many shops every region has, a country those of its towns; how many numbers changed."""
    counted = Counter(shops_by_region())
    for region in regions():
        if region.kind is RegionKind.CITY and region.parent_id:
            counted[region.parent_id] += counted[region.region_id]
    return set_shops(shops=counted)
