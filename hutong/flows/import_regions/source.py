"""Files of regions, read whole and proven to be what they are said to be."""

import csv
import json
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Invalid, NotFound

MOST_BYTES = 256_000_000
MOST_FEATURES = 50_000
ADCODE_COLUMNS = ("adcode", "name", "longitude", "latitude")
# Names under which files call what GeoJSON means anyway, and China's own frame, which agrees to a few decimetres.
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490")


class RegionsFileMissing(NotFound):
    """There is no such file."""

    code = "regions_file_missing"
    message = _("There is no file %(path)s.")


class RegionsFileLarge(Invalid):
    """More than a file of outlines can be."""

    code = "regions_file_large"
    message = _("%(path)s is too large: at most %(most)s %(unit)s are taken at once.")


class RegionsFileUnreadable(Invalid):
    """Not JSON, not UTF-8, or cut short."""

    code = "regions_file_unreadable"
    message = _("%(path)s cannot be read: %(reason)s.")


class RegionsFileOther(Invalid):
    """JSON, and no list of features."""

    code = "regions_file_other"
    message = _("%(path)s is no GeoJSON FeatureCollection.")


class FrameOther(Invalid):
    """A file that says its positions are in a frame we do not know."""

    code = "regions_frame_other"
    message = _("%(path)s says its positions are in %(frame)s. Convert it to WGS-84 (EPSG:4326) first.")


class ColumnsMissing(Invalid):
    """A table without a column that it must have."""

    code = "regions_columns_missing"
    message = _("%(path)s lacks the columns %(columns)s.")


def read_features(path: Path) -> list[Any]:
    """The features of a GeoJSON FeatureCollection, as they stand. Raises the errors of this file."""
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise RegionsFileUnreadable(path=path, reason=str(error)) from error
    features = found.get("features") if isinstance(found, dict) else None
    if (
        not isinstance(found, dict)
        or found.get("type") != "FeatureCollection"
        or not isinstance(features, list)
    ):
        raise RegionsFileOther(path=path)
    crs = found.get("crs")
    named = crs.get("properties", {}).get("name", "") if isinstance(crs, dict) else ""
    if named and not str(named).endswith(_WGS84):
        raise FrameOther(path=path, frame=named)
    if len(features) > MOST_FEATURES:
        raise RegionsFileLarge(path=path, most=f"{MOST_FEATURES:,}", unit="features")
    return features


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table of adcodes by column. Raises the errors of this file."""
    table = csv.DictReader(_text(path).splitlines())
    try:
        found = list(table)
    except csv.Error as error:
        raise RegionsFileUnreadable(path=path, reason=str(error)) from error
    lacking = [column for column in ADCODE_COLUMNS if column not in (table.fieldnames or ())]
    if lacking:
        raise ColumnsMissing(path=path, columns=", ".join(lacking))
    if len(found) > MOST_FEATURES:
        raise RegionsFileLarge(path=path, most=f"{MOST_FEATURES:,}", unit="rows")
    return [{column: str(row[column] or "").strip() for column in ADCODE_COLUMNS} for row in found]


def _text(path: Path) -> str:
    if not path.is_file():
        raise RegionsFileMissing(path=path)
    if path.stat().st_size > MOST_BYTES:
        raise RegionsFileLarge(path=path, most=f"{MOST_BYTES // 1_000_000}", unit="MB")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegionsFileUnreadable(path=path, reason=f"it is not UTF-8 ({error.reason})") from error
