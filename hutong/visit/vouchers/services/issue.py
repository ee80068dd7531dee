"""Terms of voucher offers, making vouchers, and ending those whose time is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from hutong.kernel.ids import new_id
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.models import Use, Voucher, VoucherTerms
from hutong.visit.vouchers.rules.terms import ends_at, faults, starts_at, to_json
from hutong.visit.vouchers.services.errors import TermsWrong
from hutong.visit.vouchers.types import ExpiredVoucher, IssuedVoucher, RefundPromise, Terms

_LEAST = timedelta(microseconds=1)


def set_terms(*, offer_ref: str, terms: Terms, unit: str, at: datetime) -> None:
    """Say what vouchers of this offer promise that are ordered from `at` on; others keep what they had.

    Raises `TermsWrong` where they contradict themselves; `unit` is the currency in which the offer is sold.
    """
    found = faults(terms, unit=unit)
    if found:
        raise TermsWrong(faults=found)
    if VoucherTerms.objects.filter(offer_ref=offer_ref).exists() and queries.terms_of(offer_ref) == terms:
        return
    more = {name: value for name, value in to_json(terms).items() if name not in ("valid_days", "uses")}
    VoucherTerms.objects.update_or_create(
        offer_ref=offer_ref,
        since=at,
        defaults={"valid_days": terms.valid_days, "uses": terms.uses, "more": more},
    )


def issue(
    *,
    person: Person,
    merchant: Merchant,
    order_ref: str,
    offer_ref: str,
    unit_refs: Sequence[str],
    titles: dict[str, str],
    store_ids: Sequence[int],
    zone: str,
    ordered_at: datetime,
    at: datetime,
) -> list[IssuedVoucher]:
    """Make the vouchers of paid units: one for every `uses` units of the offer's terms of `ordered_at`, in their order.

    They are good from `at`, or from their first day, until the end of their last day in `zone`. The same units again
    give the vouchers that exist. The caller holds the order's lock. Raises `ValueError` when units are left over.
    """
    terms = queries.terms_of(offer_ref, at=ordered_at)
    if not unit_refs or len(unit_refs) % terms.uses or not store_ids:
        raise ValueError(f"{len(unit_refs)} units do not make vouchers of {terms.uses} uses in {store_ids}")
    with transaction.atomic():
        existing = _issued(unit_refs)
        if existing:
            return existing
        starts, until = starts_at(terms, zone=zone, at=at), ends_at(terms, zone=zone, at=at)
        shares = [unit_refs[start : start + terms.uses] for start in range(0, len(unit_refs), terms.uses)]
        refs = [new_id("vch") for _share in shares]
        vouchers = [
            Voucher(
                public_id=ref,
                person=person,
                merchant=merchant,
                order_ref=order_ref,
                offer_ref=offer_ref,
                titles=titles,
                kind=terms.kind.value,
                terms=to_json(terms),
                code_hmac=queries.lookup_hash(queries.code_of(ref)),
                store_ids=list(store_ids),
                # Money that comes late for a deal with a last day: it is refunded like any that has expired.
                valid_from=min(starts, until - _LEAST),
                valid_until=until,
                uses_total=terms.uses,
                uses_left=terms.uses,
                created_at=at,
            )
            for ref in refs
        ]
        Voucher.objects.bulk_create(vouchers)
        Use.objects.bulk_create(
            Use(voucher=voucher, use_no=number, unit_ref=unit_ref)
            for voucher, share in zip(vouchers, shares, strict=True)
            for number, unit_ref in enumerate(share, start=1)
        )
        return [
            IssuedVoucher(voucher_ref=voucher.public_id, unit_refs=tuple(share), valid_until=until)
            for voucher, share in zip(vouchers, shares, strict=True)
        ]


def expire_due(*, at: datetime, limit: int = 500) -> list[ExpiredVoucher]:
    """Write down that vouchers past their time are expired, the oldest first; which they were.

    Vouchers somebody works on just now are left for the next round.
    """
    found = rows(
        """
        WITH due AS (
          SELECT id FROM vouchers_voucher WHERE state = 'ready' AND valid_until <= %s
          ORDER BY valid_until LIMIT %s::int4 FOR UPDATE SKIP LOCKED
        ), ended AS (
          -- a pass that was shown is used up
          UPDATE vouchers_voucher v SET state = CASE WHEN shown.out THEN 'used' ELSE 'expired' END,
            uses_left = CASE WHEN shown.out THEN 0 ELSE v.uses_left END
          FROM due CROSS JOIN LATERAL (SELECT NOT EXISTS (
            SELECT 1 FROM vouchers_use u WHERE u.voucher_id = due.id AND u.state = 'ready') AS out) shown
          WHERE v.id = due.id RETURNING v.id, v.public_id, v.order_ref, v.valid_until, v.terms
        )
        SELECT public_id AS voucher_ref, order_ref, valid_until, terms ->> 'refund' AS refund,
          (SELECT array_agg(u.unit_ref ORDER BY u.use_no) FROM vouchers_use u
           WHERE u.voucher_id = ended.id AND u.state = 'ready') AS unit_refs
        FROM ended ORDER BY valid_until, id
        """,
        [at, limit],
    )
    return [
        ExpiredVoucher(
            **{
                **entry,
                "unit_refs": tuple(entry["unit_refs"] or ()),
                "refund": RefundPromise(entry["refund"]),
            }
        )
        for entry in found
    ]


def _issued(unit_refs: Sequence[str]) -> list[IssuedVoucher]:
    """The vouchers these units already have; all of them or none, since they are made in one transaction."""
    found: dict[int, list[Use]] = {}
    for use in Use.objects.filter(unit_ref__in=unit_refs).select_related("voucher").order_by("pk"):
        found.setdefault(use.voucher_id, []).append(use)
    return [
        IssuedVoucher(
            voucher_ref=uses[0].voucher.public_id,
            unit_refs=tuple(use.unit_ref for use in uses),
            valid_until=uses[0].voucher.valid_until,
        )
        for uses in found.values()
    ]
