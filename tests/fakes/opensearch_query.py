"""The part of OpenSearch's query language that we send, worked out over documents in memory, and not a clause more.

Written from OpenSearch's documentation and never compared with a running server. What it does not know it refuses, as
does what a real one would refuse: a field that is not mapped, a script over a field without doc values.
"""

import math
import struct
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
EARTH_M = 6_371_008.7714
NEAR = (
    "_score + params.near / (1 + doc['place'].arcDistance(params.lat, params.lon) / params.half)"
    " + params.quality * doc['quality'].value"
)
COVERED = "params.worth * Math.min(1.0, params.typed / Math.max(1.0, doc['name_size'].value))"


class Refused(Exception):
    """A request that the simulator does not know, or that OpenSearch would refuse; `kind` is the type it answers."""

    def __init__(self, kind: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.status = kind, reason, status


def single(number: float) -> float:
    """A number as a Java `float` holds it, which all scores are, written as Java writes it."""
    kept = struct.unpack("f", struct.pack("f", number))[0]
    for digits in range(1, 10):
        short = float(f"{kept:.{digits}g}")
        if struct.unpack("f", struct.pack("f", short))[0] == kept:
            return short
    return float(kept)


def stored_point(point: Json) -> tuple[float, float]:
    """Latitude and longitude as Lucene stores them, in 32 bits each."""
    lat_step, lon_step = 180 / 2**32, 360 / 2**32
    return math.floor(point["lat"] / lat_step) * lat_step, math.floor(point["lon"] / lon_step) * lon_step


def arc_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The great-circle distance in metres, by the haversine formula."""
    half_lat = math.sin(math.radians(other_lat - lat) / 2) ** 2
    half_lon = math.sin(math.radians(other_lon - lon) / 2) ** 2
    inner = half_lat + math.cos(math.radians(lat)) * math.cos(math.radians(other_lat)) * half_lon
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(inner)))


class Reader:
    """Reads one document by one query. `matched` are the names of the clauses that it matched."""

    def __init__(self, mapping: Json, document: Json) -> None:
        self.mapping, self.document = mapping, document
        self.matched: list[str] = []

    def score(self, query: Json, *, scoring: bool = True) -> float | None:
        """The score of the document, None where the query does not match it; 0 where nothing asks for a score."""
        name, body = _one(query)
        known = _CLAUSES.get(name)
        if known is None:
            raise Refused("parsing_exception", f"unknown query [{name}]")
        found = known(self, body, scoring)
        if found is not None and isinstance(body, dict) and isinstance(body.get("_name"), str):
            self.matched.append(body["_name"])
        return found

    def has(self, query: Json) -> bool:
        """Whether the document matches, in filter context."""
        return self.score(query, scoring=False) is not None

    def values(self, field: str, kinds: tuple[str, ...], *, columns: bool = False) -> list[Any]:
        """The values of a field, which has to be mapped as one of these kinds; `columns` asks for its doc values."""
        kind = self.mapping.get(field, {}).get("type")
        if kind not in kinds:
            raise Refused("query_shard_exception", f"field [{field}] is mapped as [{kind}]")
        if columns and self.mapping[field].get("doc_values") is False:
            raise Refused("illegal_argument_exception", f"field [{field}] has no doc values")
        value = self.document.get(field)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def point(self) -> tuple[float, float]:
        """The place of the document."""
        (point,) = self.values("place", ("geo_point",))
        return stored_point(point)


NUMBERS = ("long", "integer", "double")


def _one(query: Json) -> tuple[str, Any]:
    if not isinstance(query, dict) or len(query) != 1:
        raise Refused("parsing_exception", "a query has one name")
    ((name, body),) = query.items()
    return name, body


def _keys(body: Json, *allowed: str) -> None:
    more = set(body) - set(allowed) - {"_name"}
    if more:
        raise Refused("parsing_exception", f"unknown keys {sorted(more)}")


def _unscored(name: str, scoring: bool) -> float:
    """How rare words are would count in a score here, which we never want."""
    if scoring:
        raise Refused("unsupported", f"[{name}] in a place where it would be scored")
    return 0.0


def _match_all(_reader: Reader, body: Json, _scoring: bool) -> float | None:
    _keys(body)
    return 1.0


def _match_none(_reader: Reader, body: Json, _scoring: bool) -> float | None:
    _keys(body)
    return None


def _term(reader: Reader, body: Json, scoring: bool) -> float | None:
    field, value = _one(body)
    return _unscored("term", scoring) if value in reader.values(field, ("keyword", *NUMBERS)) else None


def _terms(reader: Reader, body: Json, scoring: bool) -> float | None:
    field, values = _one(body)
    if len(values) > 1_000_000:
        raise Refused("illegal_argument_exception", "more terms than index.max_terms_count")
    there = set(reader.values(field, ("keyword", *NUMBERS)))
    return _unscored("terms", scoring) if there.intersection(values) else None


def _prefix(reader: Reader, body: Json, scoring: bool) -> float | None:
    field, start = _one(body)
    words = reader.values(field, ("keyword",))
    return _unscored("prefix", scoring) if any(word.startswith(start) for word in words) else None


def _range(reader: Reader, body: Json, scoring: bool) -> float | None:
    field, bounds = _one(body)
    _keys(bounds, "gt", "gte")
    for value in reader.values(field, NUMBERS):
        if value > bounds.get("gt", -math.inf) and value >= bounds.get("gte", -math.inf):
            return _unscored("range", scoring)
    return None


def _geo_distance(reader: Reader, body: Json, scoring: bool) -> float | None:
    _keys(body, "distance", "place")
    there = arc_m(*reader.point(), body["place"]["lat"], body["place"]["lon"])
    return _unscored("geo_distance", scoring) if there <= float(body["distance"].removesuffix("m")) else None


def _geo_bounding_box(reader: Reader, body: Json, scoring: bool) -> float | None:
    field, box = _one(body)
    _keys(box, "top", "left", "bottom", "right")
    reader.values(field, ("geo_point",))
    lat, lon = reader.point()
    inside = box["bottom"] <= lat <= box["top"] and box["left"] <= lon <= box["right"]
    return _unscored("geo_bounding_box", scoring) if inside else None


def _bool(reader: Reader, body: Json, scoring: bool) -> float | None:
    _keys(body, "filter", "should", "must_not", "minimum_should_match")
    should = body.get("should", [])
    least = body.get("minimum_should_match", 0 if body.get("filter") else min(1, len(should)))
    if not all(reader.has(clause) for clause in body.get("filter", [])):
        return None
    if any(reader.has(clause) for clause in body.get("must_not", [])):
        return None
    scores = [reader.score(clause, scoring=scoring) for clause in should]
    found = [score for score in scores if score is not None]
    return sum(found) if len(found) >= least else None


def _constant_score(reader: Reader, body: Json, _scoring: bool) -> float | None:
    _keys(body, "filter", "boost")
    return single(body.get("boost", 1.0)) if reader.has(body["filter"]) else None


def _dis_max(reader: Reader, body: Json, scoring: bool) -> float | None:
    _keys(body, "queries", "tie_breaker")
    if body.get("tie_breaker", 0.0) != 0.0:
        raise Refused("unsupported", "tie_breaker")
    scores = [reader.score(clause, scoring=scoring) for clause in body["queries"]]
    return max((score for score in scores if score is not None), default=None)


def _script_score(reader: Reader, body: Json, scoring: bool) -> float | None:
    _keys(body, "query", "script")
    _keys(body["script"], "source", "params")
    # The inner query is only scored where the script asks for that.
    source, params = body["script"]["source"], body["script"]["params"]
    inner = reader.score(body["query"], scoring=scoring and "_score" in source)
    if inner is None:
        return None
    if source == NEAR:
        (quality,) = reader.values("quality", ("double",), columns=True)
        away = arc_m(*reader.point(), params["lat"], params["lon"])
        return single(inner + params["near"] / (1 + away / params["half"]) + params["quality"] * quality)
    if source == COVERED:
        (size,) = reader.values("name_size", ("integer",), columns=True)
        return single(params["worth"] * min(1.0, params["typed"] / max(1.0, size)))
    raise Refused("script_exception", "the simulator knows two scripts, and this is neither")


_CLAUSES: dict[str, Callable[[Reader, Json, bool], float | None]] = {
    "match_all": _match_all,
    "match_none": _match_none,
    "term": _term,
    "terms": _terms,
    "prefix": _prefix,
    "range": _range,
    "geo_distance": _geo_distance,
    "geo_bounding_box": _geo_bounding_box,
    "bool": _bool,
    "constant_score": _constant_score,
    "dis_max": _dis_max,
    "script_score": _script_score,
}
