"""What an operator switches for a region."""

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import NotFound
from hutong.kernel.locking import advisory
from hutong.town.regions import queries
from hutong.town.regions.models import Region, RegionFeature
from hutong.town.regions.types import Feature


def set_feature(*, region_ref: str, feature: Feature, on: bool, by: str, at: datetime) -> None:
    """Switch a feature of a region on or off. `by` is the operator's public id; whether somebody is an
    operator is the caller's question, because people are not known here. Raises `NotFound`.
    """
    with transaction.atomic():
        region = Region.objects.filter(public_id=region_ref).first()
        if region is None:
            raise NotFound
        advisory("regions.features", region.pk)
        was = queries.feature_on(region.pk, feature)
        RegionFeature.objects.update_or_create(
            region=region, feature=feature.value, defaults={"is_on": on, "changed_at": at}
        )
        audit.record(
            action="region.feature_switched",
            subject=region_ref,
            by=by,
            at=at,
            before={feature.value: was},
            after={feature.value: on},
        )
