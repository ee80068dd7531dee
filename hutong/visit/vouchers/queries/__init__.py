"""Reads of vouchers: the wallet, one voucher, the merchant's day."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hutong.kernel import codes
from hutong.kernel.rows import rows
from hutong.kernel.secret import keyed_hash, keyed_hex
from hutong.town.people.models import Person
from hutong.visit.vouchers import rules
from hutong.visit.vouchers.models import Redemption, Use, Voucher, VoucherTerms
from hutong.visit.vouchers.queries import gifts
from hutong.visit.vouchers.queries.channels import channel_import, channel_imports
from hutong.visit.vouchers.queries.checks import problems
from hutong.visit.vouchers.queries.day import today, unused_by_week, unused_units_by_day
from hutong.visit.vouchers.queries.everything import everything_about
from hutong.visit.vouchers.queries.faces import public_keys, qr_text, read_qr
from hutong.visit.vouchers.queries.owed_back import owed_back, owed_back_of
from hutong.visit.vouchers.queries.served import served_in, served_of_order, served_to
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.rules import terms
from hutong.visit.vouchers.types import (
    ExpiringVoucher,
    GiftView,
    Terms,
    UseState,
    UseView,
    VoucherState,
    VoucherStore,
    VoucherView,
)

__all__ = [
    "channel_import",
    "channel_imports",
    "code_of",
    "ending",
    "ends_of_offer",
    "everything_about",
    "expiring",
    "gift_by_ref",
    "gift_by_token",
    "gift_of",
    "loaded",
    "lookup_hash",
    "owed_back",
    "owed_back_of",
    "problems",
    "public_keys",
    "read_qr",
    "redeemed_by",
    "served_in",
    "served_of_order",
    "served_to",
    "terms_of",
    "terms_of_all",
    "today",
    "unused_by_week",
    "unused_units",
    "unused_units_by_day",
    "voucher_view",
    "vouchers_of_order",
    "wallet",
]

# The code is the keyed hash of the public id, so it need not be stored to be shown again; what is looked up
# is a hash of the code under another key, so the table alone shows no code.
_CODE_PURPOSE = "vouchers.code"
_LOOKUP_PURPOSE = "vouchers.lookup"
_GIFT_PURPOSE = "vouchers.gift"

# Walks the index of the person (or the unique public id), then primary keys. One statement however many.
_VOUCHERS = """
SELECT v.public_id, v.order_ref, v.offer_ref, v.titles, v.terms, v.code_no, v.state, v.valid_from, v.valid_until,
  v.uses_total, v.uses_left, v.created_at, v.blocked_at, m.public_id AS merchant_ref, m.names AS merchant_names,
  g.zone, o.price / v.uses_total AS value_minor,
  (SELECT coalesce(json_agg(json_build_object('ref', s.public_id, 'names', s.names, 'address', s.address,
     'lon', s.lon, 'lat', s.lat) ORDER BY s.id), '[]')
   FROM merchants_store s WHERE s.id = ANY(v.store_ids)) AS stores,
  (SELECT json_agg(json_build_object('use_no', u.use_no, 'unit_ref', u.unit_ref, 'state', u.state,
     'redemption_ref', r.public_id, 'redeemed_at', r.at, 'store_names', s.names) ORDER BY u.use_no)
   FROM vouchers_use u
   LEFT JOIN vouchers_redemption r ON r.voucher_id = v.id AND r.use_no = u.use_no AND r.undone_at IS NULL
   LEFT JOIN merchants_store s ON s.id = r.store_id
   WHERE u.voucher_id = v.id) AS uses
FROM vouchers_voucher v JOIN merchants_merchant m ON m.id = v.merchant_id
JOIN regions_region g ON g.id = m.region_id
LEFT JOIN catalog_offer o ON o.public_id = v.offer_ref
"""


def code_of(voucher_ref: str, code_no: int = 0) -> str:
    """The typed code of a voucher, 16 symbols, not grouped; of its owner after it changed hands so often."""
    told = f"{voucher_ref}:{code_no}" if code_no else voucher_ref
    return codes.code_from_digest(keyed_hash(_CODE_PURPOSE, told))


def token_of(gift_ref: str) -> str:
    """What stands in the link of a gift; as the code of a voucher it need not be stored to be shown again."""
    return keyed_hex(_GIFT_PURPOSE, gift_ref)[:40]


def gift_of(voucher_ref: str, giver: Person) -> GiftView | None:
    """The gift that somebody made of a voucher and did not take back; None where there is none."""
    gift = gifts.found(giver, voucher__public_id=voucher_ref)
    if gift is None or gift.taken_back_at:
        return None
    return gifts.view(gift, token=token_of(gift.public_id), at=None)


def gift_by_token(token: str, *, at: datetime) -> GiftView | None:
    """The gift behind a link; it shows no code. None for a link that leads nowhere."""
    gift = gifts.found(token_hmac=lookup_hash(token[:100]))
    return gifts.view(gift, token=token, at=at) if gift else None


def gift_by_ref(ref: str) -> GiftView | None:
    """A gift, for the word to its giver; without what opens it."""
    gift = gifts.found(public_id=ref)
    return gifts.view(gift, token="", at=None) if gift else None


def lookup_hash(code: str) -> str:
    """What a code is stored and found as."""
    return keyed_hex(_LOOKUP_PURPOSE, code)


def terms_of(offer_ref: str, *, at: datetime | None = None) -> Terms:
    """What vouchers of this offer promise, or promised at `at`; the default where nobody set anything."""
    return terms_of_all([offer_ref], at=at)[offer_ref]


def terms_of_all(offer_refs: Iterable[str], *, at: datetime | None = None) -> dict[str, Terms]:
    """What vouchers of these offers promise, or promised at `at`, by offer; the default where nobody set anything.

    An offer whose first terms are younger than `at` always had those. One statement.
    """
    refs = list(offer_refs)
    found: dict[str, VoucherTerms] = {}
    for one in VoucherTerms.objects.filter(offer_ref__in=refs).order_by("since"):
        if at is None or one.since <= at or one.offer_ref not in found:
            found[one.offer_ref] = one
    return {ref: _terms(found[ref]) if ref in found else rules.DEFAULT_TERMS for ref in refs}


def _terms(one: VoucherTerms) -> Terms:
    return terms.from_json({**one.more, "valid_days": one.valid_days, "uses": one.uses})


def wallet(person: Person, *, at: datetime, limit: int = 200) -> list[VoucherView]:
    """A person's vouchers, the newest first, with their states at `at`. One statement."""
    found = rows(_VOUCHERS + "WHERE v.person_id = %s ORDER BY v.id DESC LIMIT %s::int4", [person.pk, limit])
    return [_view(entry, at) for entry in found]


def voucher_view(ref: str, person: Person, *, at: datetime) -> VoucherView | None:
    """One voucher of this person, or None, also when it is somebody else's."""
    found = rows(_VOUCHERS + "WHERE v.public_id = %s AND v.person_id = %s", [ref, person.pk])
    return _view(found[0], at) if found else None


def vouchers_of_order(order_ref: str, *, at: datetime) -> list[VoucherView]:
    """The vouchers of an order, for its owner and for the operator; who asks checks whose order it is.

    One that changed hands has no code here: it is its owner's.
    """
    found = rows(_VOUCHERS + "WHERE v.order_ref = %s ORDER BY v.id", [order_ref])
    return [
        replace(view, code="", qr_text="") if view.given else view
        for view in (_view(entry, at) for entry in found)
    ]


def redeemed_by(unit_refs: Sequence[str]) -> dict[str, str]:
    """By what the uses of these units were redeemed, where they stand: the device's name, or that it was the staff."""
    found = Redemption.objects.filter(unit_ref__in=unit_refs, undone_at=None).values_list(
        "unit_ref", "device__name"
    )
    return {unit_ref: f"the device {name}" if name else "its staff" for unit_ref, name in found}


_ENDING = """
SELECT v.public_id AS voucher_ref, p.public_id AS person_ref, v.titles, m.names AS merchant_names,
  v.valid_until, g.zone, v.code_no, v.terms
FROM vouchers_voucher v
JOIN people_person p ON p.id = v.person_id
JOIN merchants_merchant m ON m.id = v.merchant_id
JOIN regions_region g ON g.id = m.region_id
"""

# Through the partial index of ready vouchers by `valid_until`.
_EXPIRING = f"""{_ENDING} WHERE v.state = 'ready' AND v.valid_until > %(after)s AND v.valid_until <= %(until)s
  AND v.created_at <= %(bought)s AND v.public_id > %(ref)s
ORDER BY v.public_id LIMIT %(limit)s
"""


def expiring(
    *,
    ends_after: datetime,
    ends_until: datetime,
    bought_before: datetime,
    after_ref: str = "",
    limit: int = 500,
) -> list[ExpiringVoucher]:
    """Ready vouchers that end in `(ends_after, ends_until]`, by ref behind `after_ref`; one statement."""
    found = rows(
        _EXPIRING,
        {
            "after": ends_after,
            "until": ends_until,
            "bought": bought_before,
            "ref": after_ref,
            "limit": limit,
        },
    )
    return [_ending(entry) for entry in found]


def ends_of_offer(offer_ref: str, *, at: datetime) -> dict[str, datetime]:
    """When each ready voucher of an offer ends, by ref, the oldest first."""
    ready = Voucher.objects.filter(offer_ref=offer_ref, state=VoucherState.READY.value, valid_until__gt=at)
    return dict(ready.order_by("pk").values_list("public_id", "valid_until"))


def ending(voucher_refs: Sequence[str]) -> list[ExpiringVoucher]:
    """When these vouchers end, and whose they are; one statement."""
    sql = f"{_ENDING} WHERE v.public_id = ANY(%s::text[]) ORDER BY v.id"
    return [_ending(entry) for entry in rows(sql, [list(voucher_refs)])]


def _ending(entry: dict[str, Any]) -> ExpiringVoucher:
    until, said = entry["valid_until"], terms.from_json(loaded(entry["terms"]))
    return ExpiringVoucher(
        voucher_ref=entry["voucher_ref"],
        person_ref=entry["person_ref"],
        titles=loaded(entry["titles"]),
        merchant_names=loaded(entry["merchant_names"]),
        valid_until=until,
        zone=entry["zone"],
        gives_back=not entry["code_no"]
        and terms.may_take_back(said, until=until, at=until - timedelta(seconds=1)),
    )


def unused_units(unit_refs: Sequence[str], *, at: datetime) -> dict[str, bool]:
    """Those of the units whose use is ready, in the order asked, each with whether the voucher's terms promise the
    shopper the money at `at`; one statement, so that nobody scans between the two answers.

    Of a voucher that was given away nobody takes money back until it ends; then it goes where it was paid from.
    """
    ready = {
        use.unit_ref: (not use.voucher.code_no or at >= use.voucher.valid_until)
        and terms.may_take_back(terms.from_json(use.voucher.terms), until=use.voucher.valid_until, at=at)
        for use in Use.objects.filter(unit_ref__in=unit_refs, state=UseState.READY.value).select_related(
            "voucher"
        )
    }
    return {unit_ref: ready[unit_ref] for unit_ref in unit_refs if unit_ref in ready}


def _view(entry: dict[str, Any], at: datetime) -> VoucherView:
    plain = code_of(entry["public_id"], entry["code_no"])
    said, until = terms.from_json(loaded(entry["terms"])), entry["valid_until"]
    state, titles, stores = VoucherState(entry["state"]), loaded(entry["titles"]), loaded(entry["stores"])
    return VoucherView(
        ref=entry["public_id"],
        order_ref=entry["order_ref"],
        offer_ref=entry["offer_ref"],
        titles=titles,
        code=codes.group(plain),
        qr_text=qr_text(
            entry, code=plain, terms=said, titles=titles, store_refs=[store["ref"] for store in stores]
        ),
        merchant_ref=entry["merchant_ref"],
        merchant_names=loaded(entry["merchant_names"]),
        stores=tuple(VoucherStore(**store) for store in stores),
        state=rules.state_at(state, valid_until=entry["valid_until"], at=at),
        valid_from=entry["valid_from"],
        valid_until=entry["valid_until"],
        uses_total=entry["uses_total"],
        uses_left=entry["uses_left"],
        uses=tuple(_use(use) for use in loaded(entry["uses"])),
        created_at=entry["created_at"],
        terms=said,
        given=entry["code_no"] > 0,
        gives_back=not entry["code_no"] and terms.may_take_back(said, until=until, at=at),
        blocked=entry["blocked_at"] is not None,
    )


def _use(use: dict[str, Any]) -> UseView:
    redeemed_at = use["redeemed_at"]
    return UseView(
        use_no=use["use_no"],
        unit_ref=use["unit_ref"],
        state=UseState(use["state"]),
        redemption_ref=use["redemption_ref"],
        redeemed_at=datetime.fromisoformat(redeemed_at) if redeemed_at else None,
        store_names=use["store_names"],
    )
