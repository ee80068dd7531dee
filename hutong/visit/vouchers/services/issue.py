"""Terms of voucher offers, making vouchers, and ending those whose time is over."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from hutong.kernel.ids import new_id
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, rules
from hutong.visit.vouchers.models import Use, Voucher, VoucherTerms
from hutong.visit.vouchers.types import IssuedVoucher, Terms


def set_terms(*, offer_ref: str, valid_days: int, uses: int = 1) -> Terms:
    """Say what vouchers of this offer promise from now on; those that were sold keep what they had."""
    VoucherTerms.objects.update_or_create(
        offer_ref=offer_ref, defaults={"valid_days": valid_days, "uses": uses}
    )
    return Terms(valid_days=valid_days, uses=uses)


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
    at: datetime,
) -> list[IssuedVoucher]:
    """Make the vouchers of paid units: one for every `uses` units of the offer's terms, in their order.

    They are good from `at` until the end of their last day in `zone`. The same units again give the vouchers
    that exist. The caller holds the order's lock. Raises `ValueError` when units are left over.
    """
    terms = queries.terms_of(offer_ref)
    if not unit_refs or len(unit_refs) % terms.uses or not store_ids:
        raise ValueError(f"{len(unit_refs)} units do not make vouchers of {terms.uses} uses in {store_ids}")
    with transaction.atomic():
        existing = _issued(unit_refs)
        if existing:
            return existing
        until = rules.valid_until(at, days=terms.valid_days, zone=zone)
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
                code_hmac=queries.lookup_hash(queries.code_of(ref)),
                store_ids=list(store_ids),
                valid_from=at,
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


def expire_due(*, at: datetime, limit: int = 500) -> list[IssuedVoucher]:
    """Write down that vouchers past their time are expired, the oldest first; which they were.

    `unit_refs` are the unused ones, for an automatic refund. Vouchers somebody works on just now are left for
    the next round.
    """
    found = rows(
        """
        WITH due AS (
          SELECT id FROM vouchers_voucher WHERE state = 'ready' AND valid_until <= %s
          ORDER BY valid_until LIMIT %s::int4 FOR UPDATE SKIP LOCKED
        ), ended AS (
          UPDATE vouchers_voucher v SET state = 'expired' FROM due WHERE v.id = due.id
          RETURNING v.id, v.public_id, v.valid_until
        )
        SELECT public_id, valid_until, (SELECT array_agg(u.unit_ref ORDER BY u.use_no) FROM vouchers_use u
          WHERE u.voucher_id = ended.id AND u.state = 'ready') AS unit_refs
        FROM ended ORDER BY valid_until, id
        """,
        [at, limit],
    )
    return [
        IssuedVoucher(
            voucher_ref=entry["public_id"],
            unit_refs=tuple(entry["unit_refs"]),
            valid_until=entry["valid_until"],
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
