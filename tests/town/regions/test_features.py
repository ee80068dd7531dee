"""Features of a region: the default until the operator switches, and the switch in the audit log."""

from datetime import datetime

import pytest

from hutong.kernel import audit
from hutong.kernel.errors import NotFound
from hutong.town.regions import queries, services
from hutong.town.regions.rules import FEATURES
from hutong.town.regions.types import Feature
from tests.factories import regions

pytestmark = pytest.mark.django_db


def test_defaults_hold_until_switched(at: datetime) -> None:
    region, other = regions.region(), regions.region(slug="beijing")
    assert queries.features(region.pk) == FEATURES
    services.set_feature(region_ref=region.public_id, feature=Feature.CLAIMS, on=False, by="per_a", at=at)
    assert not queries.feature_on(region.pk, Feature.CLAIMS)
    assert queries.features(other.pk) == FEATURES
    (entry,) = audit.search(subject=region.public_id).entries
    assert entry.changes == {"claims": [True, False]}


def test_every_feature_has_a_default() -> None:
    assert set(FEATURES) == set(Feature)


def test_an_unknown_region(at: datetime) -> None:
    with pytest.raises(NotFound):
        services.set_feature(region_ref="reg_none", feature=Feature.CLAIMS, on=False, by="per_a", at=at)
