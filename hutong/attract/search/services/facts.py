"""What the rows of a batch of stores say that SQL cannot: words, hours, ratings, prices, quality; for the statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from json import dumps, loads
from typing import Any

from hutong.attract.search.rules import standing, synonyms, tokens
from hutong.attract.search.rules.own_words import Meanings
from hutong.attract.search.rules.tokens import Source, Weight
from hutong.attract.search.services.hours import Timed, hours_ids
from hutong.attract.search.services.own_words import meanings
from hutong.attract.search.services.statements import OFFER_FACTS, STORE_FACTS
from hutong.attract.search.types import TermKind
from hutong.kernel.rows import rows

# Of the deals of one store, so many are words of the store as well.
MAX_TITLES = 30
Names = Mapping[str, str]
Term = tuple[TermKind, str]


class Facts:
    """The facts of a batch: of each store and each deal in a store as the statements take them, and the terms."""

    def __init__(self, ids: Sequence[int], at: datetime, *, own: Meanings, whole: bool) -> None:
        self.ids, self.at, self.own, self.whole = list(ids), at, own, whole
        self.stores: list[dict[str, Any]] = []
        self.deals: list[dict[str, Any]] = []
        self.terms: dict[Term, None] = {}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the statements that write and compare rows."""
        return {
            "ids": self.ids,
            "at": self.at,
            "store_ids": [store["id"] for store in self.stores],
            "deal_offer_ids": [deal["offer_id"] for deal in self.deals],
            "deal_store_ids": [deal["store_id"] for deal in self.deals],
            # As JSON, because a list of long texts takes psycopg longer than all the rest.
            "stores": dumps(self.stores, ensure_ascii=False, default=str),
            "deals": dumps(self.deals, ensure_ascii=False),
        }


def facts_of(ids: Sequence[int], *, at: datetime, make: bool = True, whole: bool = False) -> Facts:
    """Read the stores that are shown of these, and their deals. Four statements, five where hours are new.

    With `make` false nothing is written, also no hours. Words are None where the row there was made of the same texts;
    with `whole`, or without `make`, they are made in any case.
    """
    found = Facts(ids, at, own=meanings(), whole=whole or not make)
    asked = {"ids": found.ids, "at": at}
    stores = rows(STORE_FACTS, asked)
    offers: dict[int, list[dict[str, Any]]] = {}
    for offer in rows(OFFER_FACTS, asked):
        for name in ("titles", "includes", "tags"):
            offer[name] = loads(offer[name])
        offers.setdefault(offer["store_id"], []).append(offer)
    timed = [Timed(one["zone"], one["opening_hours"], one["lon"], one["lat"]) for one in stores]
    for store, hours_id in zip(stores, hours_ids(timed, at=at, make=make), strict=True):
        for name in ("names", "category_names", "group_names", "district_names", "circle_names"):
            store[name] = loads(store[name]) if store[name] else {}
        _store(found, store, hours_id, offers.get(store["id"], []), at)
    return found


def _store(
    found: Facts, store: dict[str, Any], hours_id: int | None, offers: list[dict[str, Any]], at: datetime
) -> None:
    stars = standing.rating(count=store["reviews"], stars_sum=store["stars_sum"])
    rated = {"rating": stars, "reviews": store["reviews"], "claimed": store["claimed"]}
    rated["hours_known"] = hours_id is not None
    on_sale = [offer for offer in offers if offer["starts_at"] <= at]
    prices = [offer["price"] for offer in on_sale if offer["unit"] == store["currency"]]
    price_from = min(prices, default=None)
    sold = sum(offer["sold"] for offer in offers)
    moments = [offer["starts_at"] for offer in offers if offer["starts_at"] > at]
    moments += [offer["ends_at"] for offer in on_sale if offer["ends_at"]]
    titles = [offer["titles"] for offer in offers[:MAX_TITLES]]
    named, kinds, areas = _shared(found.own, store)
    texts = [*named, *kinds, *_texts(titles, Weight.DEAL, spoken=False)]
    texts += [Source(store["address"], Weight.AREA, spoken=False), *areas]
    words, words_source = _words(found, texts, store["words_source"])
    terms_source = number_of([*named, *_texts([store["category_names"], *titles], Weight.DEAL)])
    quality = standing.quality(**rated, sold=sold, has_deal=bool(on_sale), has_cover=bool(store["has_cover"]))
    tags = sorted({tag for offer in on_sale for tag in offer["tags"]})
    found.stores.append(
        {
            "id": store["id"], "words": words, "words_source": words_source, "terms_source": terms_source,
            "hours_id": hours_id,
            "rating": stars, "reviews": store["reviews"], "deals": len(on_sale), "price_from": price_from,
            "price_band": standing.price_band(price_from, store["currency"]), "sold": sold, "tags": " ".join(tags),
            "quality": quality, "stale_at": min(moments, default=None),
        }
    )  # fmt: skip
    for offer in offers:
        _deal(found, store, offer, hours_id, rated, [*_moved(named), *kinds], areas)
    if found.whole or terms_source != store["terms_source"]:
        found.terms |= terms_of(store["names"], store["category_names"], titles)


def _deal(
    found: Facts,
    store: dict[str, Any],
    offer: dict[str, Any],
    hours_id: int | None,
    rated: dict[str, Any],
    shared: Sequence[Source],
    areas: Sequence[Source],
) -> None:
    includes = [include.get("names", {}) for include in offer["includes"]]
    texts = [*_texts([offer["titles"]], Weight.NAME), *shared, *_texts(includes, Weight.DEAL, spoken=False)]
    texts += [Source(area.text, Weight.AREA, spoken=False) for area in areas]
    words, words_source = _words(found, texts, offer["words_source"])
    quality = standing.quality(**rated, sold=offer["sold"], has_deal=True, has_cover=offer["has_cover"])
    found.deals.append(
        {
            "offer_id": offer["offer_id"], "store_id": store["id"], "words": words, "words_source": words_source,
            "hours_id": hours_id, "rating": rated["rating"], "reviews": rated["reviews"],
            "price_band": standing.price_band(offer["price"], offer["unit"]), "tags": " ".join(offer["tags"]),
            "quality": quality,
        }
    )  # fmt: skip


def number_of(sources: Iterable[Source]) -> int:
    """A number for texts in their order, with what each is worth: the same one for the same texts, and for no others."""
    digest = blake2b(digest_size=8)
    for source in sources:
        digest.update(f"{source.weight}{source.spoken:d}{source.text}\0".encode())
    return int.from_bytes(digest.digest(), "big", signed=True)


def _words(found: Facts, texts: list[Source], known: int | None) -> tuple[str | None, int]:
    """The text of a `tsvector` of texts and of what the operator says beside them, None where the row has it; its number."""
    texts += found.own.beside(texts)
    number = number_of(texts)
    return (None if number == known and not found.whole else tokens.vector(texts)), number


def _shared(own: Meanings, store: Mapping[str, Any]) -> tuple[list[Source], list[Source], list[Source]]:
    """What a store and its deals are found by: its names, its category with all that is called so, where it is."""
    kinds = _texts((store["category_names"], store["group_names"]), Weight.CATEGORY)
    kinds += _same((store["slug"], store["group_slug"]))
    kinds += own.of_categories((store["category_id"], store["parent_id"]))
    areas = _texts((store["district_names"], store["circle_names"]), Weight.AREA)
    return _texts([store["names"]], Weight.NAME), kinds, areas


def _moved(names: Iterable[Source]) -> list[Source]:
    """The names of a store as words of a deal there."""
    return [Source(one.text, Weight.CATEGORY, one.spoken) for one in names]


def terms_of(names: Names, category_names: Names, titles: Iterable[Names]) -> dict[Term, None]:
    """The terms that a store adds to the vocabulary."""
    found: dict[Term, None] = {}
    groups = [(TermKind.NAME, [names]), (TermKind.CATEGORY, [category_names]), (TermKind.DEAL, list(titles))]
    for kind, texts in groups:
        for text in (text for one in texts for text in one.values() if text):
            found[kind, text[: tokens.MAX_KEY]] = None
            found.update({(TermKind.WORD, word): None for word in tokens.terms(text)})
    return found


def _texts(many: Iterable[Names], weight: Weight, *, spoken: bool = True) -> list[Source]:
    return [Source(text, weight, spoken) for names in many for text in names.values() if text]


def _same(slugs: Iterable[str | None]) -> list[Source]:
    words = synonyms.words_of([slug for slug in slugs if slug])
    return [Source(word, Weight.CATEGORY, spoken=False) for word in words]
