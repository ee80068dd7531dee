"""What could be used now: asked before redeeming, where there is something to choose. Changes nothing."""

from collections import Counter
from datetime import datetime
from typing import Any

from hutong.kernel import codes
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.rules.terms import day_of, from_json, left_of_day, not_now, refusal
from hutong.visit.vouchers.services.errors import CodeMistyped
from hutong.visit.vouchers.services.why_not import say_why_not
from hutong.visit.vouchers.types import Asked, Prepared, Terms, VoucherKind
from hutong.visit.vouchers.types.requests import Usable

# The voucher of a code, and those of its deal that were bought with it, as `redeem` would take from them.
_USABLE = """
SELECT v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.terms, v.valid_until, v.uses_left, g.zone,
  v.code_hmac = %(code_hmac)s AS shown,
  (SELECT json_agg(json_build_array(r.at, r.choice)) FROM vouchers_redemption r
   WHERE r.voucher_id = v.id AND r.undone_at IS NULL) AS taken
FROM vouchers_voucher v, merchants_store s JOIN regions_region g ON g.id = s.region_id
WHERE {which}
  AND v.state = 'ready' AND v.blocked_at IS NULL AND v.valid_from <= %(at)s AND v.valid_until > %(at)s
  AND v.store_ids @> ARRAY[%(store_id)s::int8] AND s.id = %(store_id)s::int8
ORDER BY v.id
"""
_OF_CODE = _USABLE.format(
    which="""(v.order_ref, v.offer_ref, v.person_id) = (
    SELECT order_ref, offer_ref, person_id FROM vouchers_voucher
    WHERE code_hmac = %(code_hmac)s AND merchant_id = %(merchant_id)s::int8)"""
)
# Walks the index of the person's vouchers.
_OF_PERSON = _USABLE.format(
    which="v.person_id = %(person_id)s::int8 AND v.merchant_id = %(merchant_id)s::int8"
)


def prepare(*, code: str, store: Store, at: datetime) -> Prepared:
    """What the voucher of `code` could be used for in `store` at `at`, and what has to be said for that.

    One statement, or two to say why not. Raises what `redeem` raises for a voucher that is not good; where only its
    terms refuse, `refusal` says so.
    """
    parsed = codes.parse_code(code)
    if parsed is None:
        raise CodeMistyped
    guard = {
        "code_hmac": queries.lookup_hash(parsed),
        "merchant_id": store.merchant_id,
        "store_id": store.pk,
        "at": at,
    }
    found = rows(_OF_CODE, guard)
    shown = next((entry for entry in found if entry["shown"]), None)
    if shown is None:
        say_why_not(guard)
    return _prepared(shown, found, at)


def usable(*, person: Person, store: Store, at: datetime) -> list[Usable]:
    """What `person` could use in `store` at `at`, each order's vouchers of one deal together, what ends first at the
    head; one statement."""
    guard = {
        "person_id": person.pk,
        "merchant_id": store.merchant_id,
        "store_id": store.pk,
        "code_hmac": "",
        "at": at,
    }
    together: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in rows(_OF_PERSON, guard):
        together.setdefault((entry["order_ref"], entry["offer_ref"]), []).append(entry)
    found = [
        Usable(
            prepared=_prepared(group[0], group, at),
            valid_until=group[0]["valid_until"],
            uses_left=sum(entry["uses_left"] for entry in group),
        )
        for group in together.values()
    ]
    return sorted(found, key=lambda one: (one.prepared.refusal is not None, one.valid_until))


def _prepared(shown: dict[str, Any], found: list[dict[str, Any]], at: datetime) -> Prepared:
    terms = from_json(queries.loaded(shown["terms"]))
    zone, until = shown["zone"], shown["valid_until"]
    span = day_of(terms, zone=zone, at=at)
    lefts = [_left(entry, terms, span) for entry in found]
    most = min(sum(lefts), terms.at_once or sum(lefts))
    # What has still to be said is no refusal yet: only days, hours and what was used today are.
    refused = not_now(terms, zone=zone, until=until, at=at)
    if refused is None and not most:
        refused = refusal(terms, Asked(used_today=terms.a_day or 0), zone=zone, until=until, at=at)
    chosen = Counter(choice for _moment, choice in _taken(shown) if choice is not None)
    return Prepared(
        voucher_ref=shown["voucher_ref"],
        offer_ref=shown["offer_ref"],
        titles=queries.loaded(shown["titles"]),
        terms=terms,
        most=most,
        left={position: one.most - chosen[position] for position, one in enumerate(terms.choices)},
        refusal=refused,
        asks=terms.kind is VoucherKind.CHOICE or terms.least_bill is not None,
    )


def _taken(entry: dict[str, Any]) -> list[tuple[str, int | None]]:
    """When and which choice of it was taken, of one voucher."""
    return queries.loaded(entry["taken"]) or []


def _left(entry: dict[str, Any], terms: Terms, span: tuple[datetime, datetime]) -> int:
    """How many uses of one voucher one scan takes at most."""
    today = sum(span[0] <= datetime.fromisoformat(moment) < span[1] for moment, _choice in _taken(entry))
    return left_of_day(terms, int(entry["uses_left"]), today)
