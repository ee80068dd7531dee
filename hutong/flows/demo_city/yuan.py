"""A few shops that sell for renminbi, so that WeChat Pay and Alipay can be tried: the city itself sells for euros."""

from datetime import datetime

from hutong.flows.demo_city import Account, seed_demo
from hutong.flows.import_osm.categories import category_specs
from hutong.town.merchants.services import store_categories, store_imported
from hutong.town.merchants.types import ImportedStore
from hutong.town.regions.services import upsert_region
from hutong.town.regions.types import Extent

SLUG = "gulou"
_STREET, _CITY = "Nanluogu Xiang", "Beijing"
# Category, name, number in the street, longitude, latitude.
_SHOPS = (
    ("cafe", "Drum Tower Coffee", "鼓楼咖啡", 12, 116.3970, 39.9370),
    ("asian", "Nanluogu Noodles", "南锣面馆", 48, 116.4032, 39.9385),
    ("massage", "Courtyard Massage", "四合院推拿", 77, 116.4037, 39.9402),
)


def seed_yuan(*, at: datetime) -> list[Account]:
    """Make the region with its shops and their sample offers, once; who can sign in."""
    region = upsert_region(
        slug=SLUG,
        names={"en": "Gulou, Beijing", "zh-Hans": "北京鼓楼"},
        extent=Extent(116.385, 39.930, 116.415, 39.948),
        zone="Asia/Shanghai",
        currency="CNY",
        languages=["zh"],
    )
    shops = [
        ImportedStore(
            osm_ref=f"demo/{number}",
            category_slug=category,
            names={"name": f"{name_zh} {name}", "en": name, "zh-Hans": name_zh},
            lon=lon,
            lat=lat,
            address=f"{_STREET} {number}",
            postcode="100009",
            city=_CITY,
            phone="",
            website="",
            opening_hours="Mo-Su 09:00-22:00",
        )
        for category, name, name_zh, number, lon, lat in _SHOPS
    ]
    store_imported(region_id=region.pk, stores=shops, category_ids=store_categories(category_specs()), at=at)
    return seed_demo(at=at, region_slug=SLUG)
