"""What an offer says, as one plain map: the form of sketches and of versions, which may have gaps.

Texts by language, amounts in minor units of `unit`, days as ISO dates of the shop's zone, both included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from hutong.flows.offers.templates import Template
from hutong.flows.special_prices import words as price_words
from hutong.flows.terms_words import group_lines, lines, refund_words
from hutong.kernel.clock import day_bounds, local
from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.pay.groups.rules import faults as group_faults
from hutong.pay.groups.rules import from_json as groups_from_json
from hutong.pay.groups.rules import to_json as groups_to_json
from hutong.pay.groups.types import Terms as GroupTerms
from hutong.town.catalog.rules import special_faults
from hutong.town.catalog.types import Include, OfferDraft, OfferView, PriceWindow, SpecialPrice
from hutong.visit.stock.types import StockView
from hutong.visit.vouchers.rules import DEFAULT_TERMS
from hutong.visit.vouchers.rules.terms import ever_usable, faults, from_json, to_json
from hutong.visit.vouchers.types import Choice, RefundPromise, Terms, VoucherKind

Body = dict[str, Any]

LANGUAGES = ("en", "zh-Hans")
MOST_VALID_DAYS = 3_650
MOST_USES = 100
MOST_FOR_SALE = 1_000_000
_DAYS_LOOKED_AT = 366
_MOMENT = timedelta(seconds=1)
# What a version of an approved offer consists of; the rest of a sketch is about the form.
FIELDS = (
    "titles", "descriptions", "includes", "emoji", "hue", "unit", "list_price", "price", "starts_on", "ends_on",
    "per_person_limit", "capacity", "valid_days", "uses", "terms", "groups", "tags", "stores",
    "special_prices", "steps_bind",
)  # fmt: skip


def blank(*, unit: str, stores: Sequence[str]) -> Body:
    """Nothing said yet, but in which stores and currency, and what holds where nothing else is said."""
    return {
        "titles": {},
        "descriptions": {},
        "includes": [],
        "emoji": "1f381",
        "hue": 30,
        "unit": unit,
        "list_price": None,
        "price": None,
        "starts_on": "",
        "ends_on": "",
        "per_person_limit": None,
        "capacity": None,
        "valid_days": DEFAULT_TERMS.valid_days,
        "uses": 1,
        "terms": {},
        "groups": {},
        "tags": ["refund_any_time"],
        "stores": list(stores),
        "special_prices": [],
        "steps_bind": False,
    }


def of_template(template: Template, *, unit: str, stores: Sequence[str]) -> Body:
    """What a template says, without prices."""
    return {
        **blank(unit=unit, stores=stores),
        "template": template.slug,
        "titles": dict(template.titles),
        "descriptions": dict(template.descriptions),
        "includes": [
            {"names": dict(names), "quantity": quantity, "value": None}
            for names, quantity in template.contents
        ],
        "emoji": template.emoji,
        "hue": template.hue,
        "per_person_limit": template.limit,
        "valid_days": template.valid_days,
        "uses": template.uses,
        "tags": list(template.tags),
    }


def of_offer(offer: OfferView, terms: Terms, stock: StockView | None, groups: GroupTerms) -> Body:
    """What an offer says now."""
    zone = zone_of(offer)
    capacity = stock.capacity if stock else None
    return {
        "titles": dict(offer.titles),
        "descriptions": dict(offer.descriptions),
        "includes": [
            {
                "names": dict(include.names),
                "quantity": include.quantity,
                "value": include.value.minor if include.value else None,
            }
            for include in offer.includes
        ],
        "emoji": offer.emoji,
        "hue": offer.hue,
        "unit": offer.price.unit,
        "list_price": offer.list_price.minor,
        "price": offer.price.minor,
        "starts_on": local(offer.starts_at, zone).date().isoformat(),
        "ends_on": _last_day(offer.ends_at, zone),
        "per_person_limit": offer.per_person_limit,
        "capacity": None if capacity is None else capacity // terms.uses,
        "valid_days": terms.valid_days,
        "uses": terms.uses,
        "terms": _said(terms),
        "groups": groups_to_json(groups),
        "tags": list(offer.tags),
        "stores": [store.ref for store in offer.stores],
        "special_prices": [
            {
                "price": special.price.minor,
                "from_quantity": special.from_quantity,
                "windows": [
                    [sorted(window.weekdays), f"{window.opens:%H:%M}", f"{window.closes:%H:%M}"]
                    for window in special.windows
                ],
            }
            for special in offer.special_prices
        ],
        "steps_bind": offer.steps_bind,
    }


def special_prices_of(body: Mapping[str, Any]) -> tuple[SpecialPrice, ...]:
    """Its prices by quantity and hours. Bodies from before there were any have none."""
    return tuple(
        SpecialPrice(
            price=Money(special["price"], body["unit"]),
            from_quantity=special["from_quantity"],
            windows=tuple(
                PriceWindow(frozenset(days), time.fromisoformat(opens), time.fromisoformat(closes))
                for days, opens, closes in special["windows"]
            ),
        )
        for special in body.get("special_prices", ())
    )


def _said(terms: Terms) -> dict[str, Any]:
    """What the terms say beside the other fields: no kind that the number of uses tells, no thing of the deal."""
    told = {"valid_days", "uses", "choices"}
    if terms.kind in (VoucherKind.SINGLE, VoucherKind.CARD):
        told.add("kind")
    if terms.refund is RefundPromise.ANY_TIME:
        told.add("refund")
    return {name: value for name, value in to_json(terms).items() if name not in told}


def terms_of_body(body: Mapping[str, Any]) -> Terms:
    """The terms of its vouchers. A deal that says no other kind is a card where it has several uses; what there is to
    choose from are the things in the deal."""
    terms = from_json({**body.get("terms", {}), "valid_days": body["valid_days"], "uses": body["uses"]})
    if terms.kind in (VoucherKind.SINGLE, VoucherKind.CARD):
        return replace(terms, kind=VoucherKind.CARD if terms.uses > 1 else VoucherKind.SINGLE)
    if terms.kind is VoucherKind.CHOICE:
        things = tuple(Choice(include["names"], include["quantity"]) for include in body["includes"])
        return replace(terms, choices=things)
    return terms


def groups_of_body(body: Mapping[str, Any]) -> GroupTerms:
    """What it promises to who buys together."""
    return groups_from_json(body.get("groups") or {}, unit=body["unit"])


def zone_of(offer: OfferView) -> str:
    """The zone on whose wall the sale of an offer begins and ends: that of its first store."""
    return offer.stores[0].zone if offer.stores else "UTC"


def missing(body: Mapping[str, Any], *, today: date, zone: str = "UTC") -> list[str]:
    """What stands between a sketch and handing it in, as stable codes in the order of the form.

    Today is that of the shop's `zone`.
    """
    found = []
    if not any(text.strip() for text in body["titles"].values()):
        found.append("title")
    if body["list_price"] is None:
        found.append("list_price")
    if body["price"] is None:
        found.append("price")
    if None not in (body["price"], body["list_price"]) and body["price"] > body["list_price"]:
        found.append("price_above")
    if body["price"] is not None and body["price"] < body["uses"]:
        found.append("price_small")
    found += _wrong_specials(body)
    if body["ends_on"] and date.fromisoformat(body["ends_on"]) < today:
        found.append("ends_past")
    if body["ends_on"] and body["starts_on"] and body["ends_on"] < body["starts_on"]:
        found.append("ends_before_start")
    found += _wrong_terms(body, today, zone)
    if body["price"] is not None:
        found += _wrong_groups(body, today)
    if not body["stores"]:
        found.append("stores")
    return found


def _wrong_specials(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with the prices by quantity and hours; nothing is, while there is no price they are lower than."""
    specials = special_prices_of(body)
    if body["price"] is None or not specials:
        return []
    if any(special.price.minor < body["uses"] for special in specials):
        return ["special_small"]
    return special_faults(Money(body["price"], body["unit"]), specials)


def _wrong_terms(body: Mapping[str, Any], today: date, zone: str) -> list[str]:
    """What of the terms contradicts itself, or the days of sale."""
    terms = terms_of_body(body)
    found = []
    if terms.kind is VoucherKind.CHOICE and sum(one.most for one in terms.choices) < terms.uses:
        found.append("choices")
    elif faults(terms, unit=body["unit"]):
        found.append("terms")
    first_on = max(today, date.fromisoformat(body["starts_on"] or today.isoformat()))
    if not ever_usable(terms, zone=zone, at=day_bounds(first_on, zone)[0]):
        found.append("never_usable")
    elif terms.last_on and (not body["ends_on"] or body["ends_on"] > terms.last_on.isoformat()):
        found.append("sale_outlasts")
    return found


def useless_from(body: Mapping[str, Any], *, today: date, zone: str) -> date | None:
    """The first day of sale at whose end a voucher is sold that can never be used; None where each can.

    Today is that of the shop's `zone`. A sale without a last day is looked at for a year, after which days repeat.
    """
    terms = terms_of_body(body)
    first_on = max(today, date.fromisoformat(body["starts_on"] or today.isoformat()))
    last_on = date.fromisoformat(body["ends_on"]) if body["ends_on"] else terms.last_on
    most = _DAYS_LOOKED_AT if last_on is None else min((last_on - first_on).days + 1, _DAYS_LOOKED_AT)
    for number in range(most):
        day = first_on + timedelta(days=number)
        if not ever_usable(terms, zone=zone, at=day_bounds(day, zone)[1] - _MOMENT):
            return day
    return None


def _wrong_groups(body: Mapping[str, Any], today: date) -> list[str]:
    """What of groups makes no sense beside the price and the days of sale."""
    groups = groups_of_body(body)
    found = group_faults(groups, price=Money(body["price"], body["unit"]), today=today)
    if any(step.price.minor < body["uses"] for step in groups.steps):
        found.append("group_price")
    if groups.last_on and body["ends_on"] and body["ends_on"] < groups.last_on.isoformat():
        found.append("campaign_outlasts")
    return found


def advice(body: Mapping[str, Any]) -> list[str]:
    """What would help shoppers and may be left out, as stable codes in the order of the form."""
    found = [f"title_{language}" for language in LANGUAGES if not body["titles"].get(language, "").strip()]
    if not any(text.strip() for text in body["descriptions"].values()):
        found.append("description")
    return found if body["includes"] else [*found, "contents"]


def draft_of(body: Mapping[str, Any], *, zone: str, at: datetime, offer: OfferView | None) -> OfferDraft:
    """The sketch as the catalog takes it. Days that did not change keep the exact moments of `offer`."""
    unit = body["unit"]
    return OfferDraft(
        titles={language: text for language, text in body["titles"].items() if text},
        descriptions={language: text for language, text in body["descriptions"].items() if text},
        list_price=Money(body["list_price"], unit),
        price=Money(body["price"], unit),
        starts_at=_starts_at(body["starts_on"], zone, at, offer),
        ends_at=_ends_at(body["ends_on"], zone, offer),
        includes=tuple(
            Include(
                names=dict(include["names"]),
                quantity=include["quantity"],
                value=None if include["value"] is None else Money(include["value"], unit),
            )
            for include in body["includes"]
        ),
        emoji=body["emoji"],
        hue=body["hue"],
        tags=tuple(body["tags"]),
        per_person_limit=body["per_person_limit"],
        sample=offer.sample if offer else False,
        special_prices=special_prices_of(body),
        steps_bind=body.get("steps_bind", False),
    )


def readable(
    body: Mapping[str, Any], *, language: str, stores: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The same in words, field by field, so that two versions can be laid beside each other."""
    unit, terms = body["unit"], terms_of_body(body)

    def money(minor: int | None) -> str:
        return "" if minor is None else format_money(Money(minor, unit), language)

    def number(value: int | None) -> str:
        return "" if value is None else str(value)

    parts = [
        f"{include['quantity']} × {' / '.join(include['names'].values())}"
        + (f" ({money(include['value'])})" if include["value"] is not None else "")
        for include in body["includes"]
    ]
    return {
        "titles": dict(body["titles"]),
        "descriptions": dict(body["descriptions"]),
        "includes": "\n".join(parts),
        "emoji": body["emoji"],
        "list_price": money(body["list_price"]),
        "price": money(body["price"]),
        "special_prices": "\n".join(price_words(special_prices_of(body), bind=body.get("steps_bind", False))),
        "starts_on": body["starts_on"],
        "ends_on": body["ends_on"],
        "per_person_limit": number(body["per_person_limit"]),
        "capacity": number(body["capacity"]),
        "terms": "\n".join([*(line.text for line in lines(terms)), refund_words(terms)[0]]),
        "groups": "\n".join(line.text for line in group_lines(groups_of_body(body), language)),
        "tags": list(body["tags"]),
        "stores": ", ".join(pick(stores.get(ref, {}), language) or ref for ref in body["stores"]),
    }


def _last_day(ends_at: datetime | None, zone: str) -> str:
    if ends_at is None:
        return ""
    return local(ends_at - timedelta(microseconds=1), zone).date().isoformat()


def _starts_at(starts_on: str, zone: str, at: datetime, offer: OfferView | None) -> datetime:
    if offer is not None and starts_on in ("", local(offer.starts_at, zone).date().isoformat()):
        return offer.starts_at
    return day_bounds(date.fromisoformat(starts_on), zone)[0] if starts_on else at


def _ends_at(ends_on: str, zone: str, offer: OfferView | None) -> datetime | None:
    if offer is not None and ends_on == _last_day(offer.ends_at, zone):
        return offer.ends_at
    return day_bounds(date.fromisoformat(ends_on), zone)[1] if ends_on else None
