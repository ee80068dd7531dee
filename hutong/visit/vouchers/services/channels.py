"""Vouchers that other channels sold are good once: what could be used now, redeeming, undoing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from hutong.kernel import codes
from hutong.kernel.errors import NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import execute, row
from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import rules
from hutong.visit.vouchers.models import ChannelImport
from hutong.visit.vouchers.queries.channels import channel_hash
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.rules.channels import channel_code
from hutong.visit.vouchers.rules.terms import from_json, not_now
from hutong.visit.vouchers.services.errors import (
    NonceReused,
    NotEnoughLeft,
    RedemptionUndone,
    UndoTooLate,
    UndoTooOften,
    VoucherAlreadyUsed,
    VoucherChanged,
    VoucherExpired,
    VoucherGone,
    VoucherNotYetValid,
    VoucherUnknown,
    WrongStore,
)
from hutong.visit.vouchers.services.redeem import require_terms
from hutong.visit.vouchers.services.undo import require_manager
from hutong.visit.vouchers.types import Asked, Prepared, Redeemed, RedemptionResult, UndoResult, VoucherState
from hutong.visit.vouchers.types.channels import ChannelState

_FOUND = """
FROM vouchers_channelimport i, merchants_store s JOIN regions_region g ON g.id = s.region_id
WHERE v.code_hmac = %(code_hmac)s AND v.merchant_id = %(merchant_id)s::int8 AND v.state = 'ready'
  AND v.valid_from <= %(at)s AND v.valid_until > %(at)s AND i.id = v.brought_by_id
  AND i.store_ids @> ARRAY[%(store_id)s::int8] AND s.id = %(store_id)s::int8
"""
_COLUMNS = """
v.id, v.public_id AS voucher_ref, v.valid_until, i.offer_ref, i.titles, i.terms, i.channel, g.zone
"""
# The guard: whoever comes second waits for the row, reads it again and finds that it no longer fits.
_TAKE = f"UPDATE vouchers_channelvoucher v SET state = 'used' {_FOUND} RETURNING {_COLUMNS}"  # noqa: S608  constants
_LOOK = f"SELECT {_COLUMNS} {_FOUND.replace('FROM', 'FROM vouchers_channelvoucher v,', 1)}"
_RECORD = """
INSERT INTO vouchers_channelredemption (public_id, voucher_id, store_id, device_id, person_id, actor_ref, nonce, bill,
  bill_unit, override_reason, at, undone_by)
VALUES (%(ref)s, %(voucher_id)s::int8, %(store_id)s::int8, %(device_id)s::int8, %(person_id)s::int8, %(actor_ref)s,
  %(nonce)s, %(bill)s::int8, %(bill_unit)s, %(override_reason)s, %(at)s, '')
ON CONFLICT (actor_ref, nonce) DO NOTHING
"""
_STORED = """
SELECT r.public_id AS redemption_ref, r.at, r.undone_at, r.undone_by, r.actor_ref, v.id, v.public_id AS voucher_ref,
  v.code_hmac, v.state, v.valid_until, i.offer_ref, i.titles, i.terms, i.channel, s.public_id AS store_ref,
  r.id AS redemption_id, m.public_id AS merchant_ref
FROM vouchers_channelredemption r
JOIN vouchers_channelvoucher v ON v.id = r.voucher_id
JOIN vouchers_channelimport i ON i.id = v.brought_by_id
JOIN merchants_merchant m ON m.id = v.merchant_id
JOIN merchants_store s ON s.id = r.store_id
"""
_REASON = """
SELECT v.state, v.valid_from, v.valid_until, i.channel, r.at AS used_at, s.public_id AS store_ref,
  s.names AS store_names, i.store_ids @> ARRAY[%(store_id)s::int8] AS in_store,
  (SELECT json_agg(t.names ORDER BY t.id) FROM merchants_store t WHERE t.id = ANY(i.store_ids)) AS stores
FROM vouchers_channelvoucher v JOIN vouchers_channelimport i ON i.id = v.brought_by_id
LEFT JOIN vouchers_channelredemption r ON r.voucher_id = v.id AND r.undone_at IS NULL
LEFT JOIN merchants_store s ON s.id = r.store_id
WHERE v.code_hmac = %(code_hmac)s AND v.merchant_id = %(merchant_id)s::int8
"""


def prepare_channel(*, code: str, store: Store, at: datetime) -> Prepared | None:
    """As `prepare`, for a channel's voucher; None where the shop has none, or the code cannot be one."""
    guard = _guard(code, store, at)
    if guard is None:
        return None
    found = row(_LOOK, guard)
    if found is None:
        _say_why_not(guard)
        return None
    terms = from_json(loaded(found["terms"]))
    return Prepared(
        voucher_ref=found["voucher_ref"],
        offer_ref=found["offer_ref"],
        titles=loaded(found["titles"]),
        terms=terms,
        most=1,
        left={},
        refusal=not_now(terms, zone=found["zone"], until=found["valid_until"], at=at),
        asks=terms.least_bill is not None,
        channel=found["channel"],
    )


def redeem_channel(
    *,
    code: str,
    store: Store,
    actor_ref: str,
    device: Device | None,
    by: Person | None,
    nonce: str,
    at: datetime,
    uses: int = 1,
    bill: Money | None = None,
    override_reason: str = "",
) -> RedemptionResult | None:
    """As `redeem`, for a voucher that a channel sold; None where the shop has none, or the code cannot be one.

    A nonce names one redemption here too. Raises what `redeem` raises, and `VoucherGone`.
    """
    guard = _guard(code, store, at)
    if guard is None:
        return None
    if uses > 1:
        raise NotEnoughLeft(left=1)
    stored = _stored_answer(actor_ref, nonce, guard["code_hmac"])
    if stored:
        return stored
    reason = override_reason.strip()[:200]
    with transaction.atomic():
        taken = row(_TAKE, guard)
        if taken is not None:
            terms = from_json(loaded(taken["terms"]))
            require_terms(
                terms, Asked(bill=bill), zone=taken["zone"], until=taken["valid_until"], store=store, by=by,
                override_reason=reason, at=at,
            )  # fmt: skip
            ref = new_id("chr")
            recorded = execute(
                _RECORD,
                {
                    "ref": ref, "voucher_id": taken["id"], "store_id": store.pk, "actor_ref": actor_ref,
                    "device_id": device.pk if device else None, "person_id": by.pk if by else None,
                    "nonce": nonce, "bill": bill.minor if bill else None,
                    "bill_unit": bill.unit if bill else "", "override_reason": reason, "at": at,
                },
            )  # fmt: skip
            if recorded:
                made = {**taken, "redemption_ref": ref, "store_ref": store.public_id, "undone_at": None}
                return _result({**made, "at": at}, replay=False)
            # A twin with this nonce was faster, on another code.
            raise VoucherChanged
    # A double tap arrives twice at the same moment: the second gets the answer of the first.
    stored = _stored_answer(actor_ref, nonce, guard["code_hmac"])
    if stored is None:
        _say_why_not(guard)
    return stored


def undo_channel(*, redemption_ref: str, actor_ref: str, by: Person | None, at: datetime) -> UndoResult:
    """As `undo`, for a channel's voucher: the same window, rights and number of rounds."""
    found = row(f"{_STORED} WHERE r.public_id = %s", [redemption_ref])
    if found is None:
        raise NotFound
    if found["actor_ref"] != actor_ref:
        require_manager(by, found["merchant_ref"], found["store_ref"])
    if found["undone_at"]:
        return _repeated(found, actor_ref)
    if at - found["at"] > rules.UNDO_WINDOW:
        raise UndoTooLate(minutes=int(rules.UNDO_WINDOW / timedelta(minutes=1)))
    with transaction.atomic():
        if _undo(found, actor_ref, at):
            return _undone(found, at=at, replay=False)
    again = row(f"{_STORED} WHERE r.public_id = %s", [redemption_ref])
    if again and again["undone_at"]:
        return _repeated(again, actor_ref)
    raise UndoTooOften


def _undo(found: Mapping[str, Any], actor_ref: str, at: datetime) -> bool:
    given = execute(
        """
        UPDATE vouchers_channelvoucher SET state = 'ready', undone_count = undone_count + 1
        WHERE id = %s::int8 AND state = 'used' AND undone_count < %s::int4 AND EXISTS (
          SELECT 1 FROM vouchers_channelredemption r WHERE r.id = %s::int8 AND r.undone_at IS NULL)
        """,
        [found["id"], rules.UNDO_CYCLES, found["redemption_id"]],
    )
    # The voucher's row is locked now, so nobody else undoes or redeems it.
    return (
        given == 1
        and execute(
            "UPDATE vouchers_channelredemption SET undone_at = %s, undone_by = %s "
            "WHERE id = %s::int8 AND undone_at IS NULL",
            [at, actor_ref, found["redemption_id"]],
        )
        == 1
    )


def _guard(code: str, store: Store, at: datetime) -> dict[str, Any] | None:
    merchant, parsed = store.merchant, channel_code(code)
    if merchant is None or parsed is None or not ChannelImport.objects.filter(merchant=merchant).exists():
        return None
    return {
        "code_hmac": channel_hash(parsed),
        "merchant_id": merchant.pk,
        "store_id": store.pk,
        "at": at,
        # A code as long as this site's own is none that anybody guesses, and more likely one of ours, mistyped.
        "like_ours": len(parsed) == codes.CODE_LENGTH,
    }


def _stored_answer(actor_ref: str, nonce: str, code_hmac: str) -> RedemptionResult | None:
    found = row(f"{_STORED} WHERE r.actor_ref = %s AND r.nonce = %s", [actor_ref, nonce])
    if found is None:
        return None
    if found["code_hmac"] != code_hmac:
        raise NonceReused
    return _result(found, replay=True)


def _result(found: Mapping[str, Any], *, replay: bool) -> RedemptionResult:
    return RedemptionResult(
        redeemed=(
            Redeemed(
                redemption_ref=found["redemption_ref"],
                voucher_ref=found["voucher_ref"],
                unit_ref="",
                use_no=1,
                spent=False,
                choice=None,
            ),
        ),
        order_ref="",
        offer_ref=found["offer_ref"],
        person_ref="",
        titles=loaded(found["titles"]),
        kind=from_json(loaded(found["terms"])).kind,
        store_ref=found["store_ref"],
        at=found["at"],
        uses_left=0,
        uses_total=1,
        replay=replay,
        undone=found["undone_at"] is not None,
        channel=found["channel"],
    )


def _repeated(found: Mapping[str, Any], actor_ref: str) -> UndoResult:
    if found["undone_by"] != actor_ref:
        raise RedemptionUndone(undone_at=found["undone_at"])
    return _undone(found, at=found["undone_at"], replay=True)


def _undone(found: Mapping[str, Any], *, at: datetime, replay: bool) -> UndoResult:
    return UndoResult(
        redemption_ref=found["redemption_ref"],
        voucher_ref=found["voucher_ref"],
        order_ref="",
        offer_ref=found["offer_ref"],
        unit_refs=(),
        person_ref="",
        titles=loaded(found["titles"]),
        store_ref=found["store_ref"],
        at=at,
        voucher_state=VoucherState.READY if at < found["valid_until"] else VoucherState.EXPIRED,
        replay=replay,
    )


def _say_why_not(guard: Mapping[str, Any]) -> None:
    """Raise the reason, for vouchers of the actor's own merchant alone; a foreign one looks like none. Say nothing of an
    unknown code that looks like one of this site."""
    found = row(_REASON, dict(guard))
    if found is None:
        if guard["like_ours"]:
            return
        raise VoucherUnknown
    if found["state"] == ChannelState.GONE.value:
        raise VoucherGone(channel=found["channel"])
    if found["state"] == ChannelState.USED.value:
        raise VoucherAlreadyUsed(
            used_at=found["used_at"], store_ref=found["store_ref"], store_names=loaded(found["store_names"])
        )
    if found["valid_until"] <= guard["at"]:
        raise VoucherExpired(valid_until=found["valid_until"])
    if not found["in_store"]:
        raise WrongStore(stores=loaded(found["stores"]))
    if found["valid_from"] > guard["at"]:
        raise VoucherNotYetValid(valid_from=found["valid_from"])
    raise VoucherChanged
