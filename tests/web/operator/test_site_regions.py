"""The Site page says of which regions the outline is there."""

from datetime import datetime

import pytest

from hutong.town.regions.services import store_regions
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import RegionKind, RegionSpec
from tests.factories import people, regions
from tests.town.regions.test_outlines import polygon, square
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db


def test_outlines_and_where_none_is(at: datetime) -> None:
    regions.region(slug="helsinki")
    shape = read_outline(polygon(square(24.94, 60.165, 0.01)))
    district = RegionSpec(
        slug="kluuvi", names={"en": "Kluuvi"}, kind=RegionKind.DISTRICT, parent_slug="helsinki", shape=shape
    )
    store_regions(specs=[district], at=at)
    page = visitor(people.operator()).get("/operator/site/").content.decode()
    assert (
        page.index("No outline")
        < page.index("Kluuvi")
        < page.index("in helsinki")
        < page.index("Outline of 5")
    )
