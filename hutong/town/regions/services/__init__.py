"""Writes of regions."""

from hutong.town.regions.services.errors import (
    AdcodeTaken,
    CurrencyUnknown,
    KindOrder,
    NameMissing,
    PlaceMissing,
    RegionUnknown,
    SettingMissing,
    SlugInvalid,
    ZoneUnknown,
)
from hutong.town.regions.services.features import set_feature
from hutong.town.regions.services.regions import check_region, set_basemap, set_shops, upsert_region
from hutong.town.regions.services.tree import store_regions

__all__ = [
    "AdcodeTaken",
    "CurrencyUnknown",
    "KindOrder",
    "NameMissing",
    "PlaceMissing",
    "RegionUnknown",
    "SettingMissing",
    "SlugInvalid",
    "ZoneUnknown",
    "check_region",
    "set_basemap",
    "set_feature",
    "set_shops",
    "store_regions",
    "upsert_region",
]
