"""The index: its fields, a store's document out of its row, and the two aliases that lead to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hutong.attract.search.opensearch.calls import OpenSearchAway, Server

# A store without a price comes after all that have one.
NO_PRICE = 2**62
# Which part of a row's words a field has, by the letters of `tokens.Weight`.
FIELDS = {"": "words", "ABC": "words_abc", "AB": "words_ab", "A": "words_a"}
_WORDS: dict[str, Any] = {"type": "keyword", "doc_values": False, "norms": False}
_KEY: dict[str, Any] = {"type": "long"}
# Nothing is analysed: the words are cut here, so that Chinese, its sounds and its initials are found as in PostgreSQL.
MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        **dict.fromkeys(FIELDS.values(), _WORDS),
        "name_size": {"type": "integer"},
        "store": _KEY,
        "place": {"type": "geo_point"},
        "categories": _KEY,
        "category": _KEY,
        "group": _KEY,
        "areas": _KEY,
        "district": _KEY,
        "circle": _KEY,
        "hours": _KEY,
        "rating": {"type": "double"},
        "price_band": {"type": "integer"},
        "price": _KEY,
        "sold": _KEY,
        "deals": {"type": "integer"},
        "quality": {"type": "double"},
        "tags": {"type": "keyword"},
    },
}
# How soon a change is found; how many hours of stores a question may name that are open at its moment.
SETTINGS: dict[str, Any] = {"index": {"refresh_interval": "500ms", "max_terms_count": 1_000_000}}


def document(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a row: see the columns in `services.feeding`."""
    categories = [row["category_id"], row["root_category_id"]]
    areas = [row["district_id"], row["circle_id"]]
    return {
        **{field: row[field] for field in FIELDS.values()},
        "name_size": len(row["words_a"]),
        "store": row["store_id"],
        "place": {"lat": row["lat"], "lon": row["lon"]},
        "categories": sorted(set(categories)),
        "category": row["category_id"],
        "group": row["root_category_id"],
        "areas": [area for area in areas if area is not None],
        "district": row["district_id"],
        "circle": row["circle_id"],
        "hours": row["hours_id"],
        "rating": row["rating"],
        "price_band": row["price_band"],
        "price": NO_PRICE if row["price_from"] is None else row["price_from"],
        "sold": row["sold"],
        "deals": row["deals"],
        "quality": row["quality"],
        "tags": row["tags"],
    }


def write(
    server: Server,
    version: int,
    documents: Sequence[dict[str, Any]],
    gone: Sequence[int],
    aliases: Sequence[str],
) -> int:
    """Write documents and take away those of stores that are gone, behind each alias; how many changed.

    A document that was written with a higher version stays, so that a batch that comes late overwrites nothing newer.
    """
    actions: list[dict[str, Any]] = []
    for one in documents:
        actions += [{"index": _head(one["store"], version)}, one]
    actions += [{"delete": _head(key, version)} for key in gone]
    return sum(server.bulk(actions, alias=alias) for alias in aliases)


def _head(key: int, version: int) -> dict[str, Any]:
    return {"_id": str(key), "version": version, "version_type": "external_gte"}


def aliases(server: Server) -> dict[str, str]:
    """The index behind each of our two aliases that there are: the live one, and the one that a rebuild fills."""
    found = server.get(f"/_cat/aliases/{server.alias},{server.next}?format=json")
    return {entry["alias"]: entry["index"] for entry in found}


def begin(server: Server, at: datetime) -> str:
    """Make an empty index that is written beside the live one from now on, in place of an unfinished one; its name."""
    name = f"{server.alias}-{at:%Y%m%d%H%M%S%f}"
    unfinished = aliases(server).get(server.next)
    body = {"settings": SETTINGS, "mappings": MAPPINGS}
    server.change("PUT", f"/{name}", body)
    actions: list[dict[str, Any]] = [{"add": {"index": name, "alias": server.next}}]
    if unfinished:
        actions.append({"remove_index": {"index": unfinished}})
    server.change("POST", "/_aliases", {"actions": actions})
    return name


def finish(server: Server, name: str) -> None:
    """The filled index takes the live one's place in one step, which goes.

    Raises `OpenSearchAway` where another rebuild has begun meanwhile: that one will finish.
    """
    there = aliases(server)
    if there.get(server.next) != name:
        raise OpenSearchAway("another rebuild began meanwhile, and is left to finish")
    server.change("POST", f"/{name}/_refresh")
    actions: list[dict[str, Any]] = [
        {"add": {"index": name, "alias": server.alias}},
        {"remove": {"index": name, "alias": server.next}},
    ]
    if server.alias in there:
        actions.append({"remove_index": {"index": there[server.alias]}})
    server.change("POST", "/_aliases", {"actions": actions})


def read(server: Server, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The documents of these stores by key; one that is not there is left out."""
    body = {"size": len(keys), "query": {"terms": {"store": list(keys)}}}
    found = server.search(body, patient=True)["hits"]["hits"]
    return {hit["_source"]["store"]: hit["_source"] for hit in found}


def keys_after(server: Server, key: int, limit: int) -> list[int]:
    """The keys of the next stores that have a document, in their order."""
    body = {
        "size": limit,
        "query": {"range": {"store": {"gt": key}}},
        "sort": [{"store": "asc"}],
        "_source": False,
    }
    return [int(hit["sort"][0]) for hit in server.search(body, patient=True)["hits"]["hits"]]


def refresh(server: Server) -> None:
    """What was written until now is found from now on."""
    server.change("POST", f"/{server.alias}/_refresh")
