"""Redeeming: one use of a voucher becomes a fact, once."""

from datetime import datetime
from typing import Any, NoReturn

from django.db import transaction

from hutong.kernel import codes
from hutong.kernel.ids import new_id
from hutong.kernel.rows import row
from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.services.errors import (
    CodeMistyped,
    NonceReused,
    VoucherAlreadyUsed,
    VoucherBlocked,
    VoucherChanged,
    VoucherExpired,
    VoucherNotYetValid,
    VoucherRefunded,
    VoucherUnknown,
    WrongStore,
)
from hutong.visit.vouchers.types import RedemptionResult, VoucherState

# The guard: whoever comes second waits for the row, reads it again and finds that it no longer fits.
_TAKE = """
UPDATE vouchers_voucher v SET uses_left = v.uses_left - 1,
  state = CASE WHEN v.uses_left = 1 THEN 'used' ELSE v.state END
FROM people_person p
WHERE v.code_hmac = %(code_hmac)s AND v.merchant_id = %(merchant_id)s::int8 AND v.state = 'ready'
  AND v.blocked_at IS NULL AND v.uses_left > 0 AND v.valid_from <= %(at)s AND v.valid_until > %(at)s
  AND v.store_ids @> ARRAY[%(store_id)s::int8] AND p.id = v.person_id
RETURNING v.id, v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.uses_left, v.uses_total,
  p.public_id AS person_ref
"""
# Runs under the lock that `_TAKE` holds on the voucher, so the first ready use is nobody else's.
_RECORD = """
WITH taken AS (
  UPDATE vouchers_use SET state = 'used' WHERE id = (
    SELECT id FROM vouchers_use WHERE voucher_id = %(voucher_id)s::int8 AND state = 'ready'
    ORDER BY use_no LIMIT 1)
  RETURNING use_no, unit_ref
)
INSERT INTO vouchers_redemption (public_id, voucher_id, use_no, unit_ref, store_id, device_id, person_id,
  actor_ref, nonce, at, undone_by)
SELECT %(redemption_ref)s, %(voucher_id)s::int8, use_no, unit_ref, %(store_id)s::int8, %(device_id)s::int8,
  %(person_id)s::int8, %(actor_ref)s, %(nonce)s, %(at)s, '' FROM taken
ON CONFLICT (actor_ref, nonce) DO NOTHING RETURNING public_id AS redemption_ref, use_no, unit_ref, at
"""
_STORED = """
SELECT r.public_id AS redemption_ref, r.use_no, r.unit_ref, r.at, r.undone_at, v.public_id AS voucher_ref,
  v.order_ref, v.offer_ref, v.titles, v.uses_left, v.uses_total, v.code_hmac, p.public_id AS person_ref,
  s.public_id AS store_ref
FROM vouchers_redemption r
JOIN vouchers_voucher v ON v.id = r.voucher_id
JOIN people_person p ON p.id = v.person_id
JOIN merchants_store s ON s.id = r.store_id
WHERE r.actor_ref = %s AND r.nonce = %s
"""
_REASON = """
SELECT v.state, v.uses_left, v.valid_from, v.valid_until, v.blocked_at,
  v.store_ids @> ARRAY[%(store_id)s::int8] AS in_store,
  (SELECT json_agg(s.names ORDER BY s.id) FROM merchants_store s WHERE s.id = ANY(v.store_ids)) AS stores,
  r.at AS used_at, s.public_id AS store_ref, s.names AS store_names
FROM vouchers_voucher v
LEFT JOIN LATERAL (SELECT * FROM vouchers_redemption WHERE voucher_id = v.id AND undone_at IS NULL
  ORDER BY id DESC LIMIT 1) r ON true
LEFT JOIN merchants_store s ON s.id = r.store_id
WHERE v.code_hmac = %(code_hmac)s AND v.merchant_id = %(merchant_id)s::int8
"""


class _NonceTaken(Exception):
    """A twin of this request recorded its redemption first."""


def redeem(
    *,
    code: str,
    store: Store,
    actor_ref: str,
    device: Device | None,
    by: Person | None,
    nonce: str,
    at: datetime,
) -> RedemptionResult:
    """Use the voucher of `code` (typed, or the text of its QR) once in `store`.

    The same `actor_ref` (a device, or a person without one) and `nonce` always give the first answer, with
    `replay` set, also for twins at the same moment. Whether the actor may redeem in this store is asked
    before, and `guessing_stopped` goes around it. Three statements, and two for the savepoint inside an outer
    transaction; one or two more to say why not.

    Raises `CodeMistyped` without looking anything up; `VoucherUnknown` alike for a code nobody has and for
    another merchant's; and for vouchers of the store's own merchant `WrongStore`, `VoucherAlreadyUsed`,
    `VoucherExpired`, `VoucherNotYetValid`, `VoucherRefunded`, `VoucherBlocked`, `VoucherChanged`; `NonceReused` when it
    was used for another voucher.
    """
    parsed = codes.parse_code(code)
    if parsed is None:
        raise CodeMistyped
    if not (device or by) or not 1 <= len(nonce) <= 80:
        raise ValueError("somebody redeems, with a nonce of at most 80 symbols")
    code_hmac = queries.lookup_hash(parsed)
    stored = _stored_answer(actor_ref, nonce, code_hmac)
    if stored:
        return stored
    values = {
        "code_hmac": code_hmac, "merchant_id": store.merchant_id, "store_id": store.pk, "at": at,
        "device_id": device.pk if device else None, "person_id": by.pk if by else None,
        "actor_ref": actor_ref, "nonce": nonce, "redemption_ref": new_id("red"),
    }  # fmt: skip
    try:
        with transaction.atomic():
            return _take_use(values, store)
    except (_NonceTaken, VoucherAlreadyUsed) as error:
        # A double tap arrives twice at the same moment: the second gets the answer of the first.
        stored = _stored_answer(actor_ref, nonce, code_hmac)
        if stored:
            return stored
        if isinstance(error, _NonceTaken):
            raise VoucherChanged from error
        raise


def _take_use(values: dict[str, Any], store: Store) -> RedemptionResult:
    taken = row(_TAKE, {name: values[name] for name in ("code_hmac", "merchant_id", "store_id", "at")})
    if taken is None:
        _say_why_not(values)
    recorded = row(
        _RECORD,
        {
            "voucher_id": taken["id"],
            **{
                name: values[name]
                for name in (
                    "redemption_ref",
                    "store_id",
                    "device_id",
                    "person_id",
                    "actor_ref",
                    "nonce",
                    "at",
                )
            },
        },
    )
    if recorded is None:
        raise _NonceTaken
    return _result({**taken, **recorded, "store_ref": store.public_id}, replay=False, undone=False)


def _stored_answer(actor_ref: str, nonce: str, code_hmac: str) -> RedemptionResult | None:
    found = row(_STORED, [actor_ref, nonce])
    if found is None:
        return None
    if found["code_hmac"] != code_hmac:
        raise NonceReused
    return _result(found, replay=True, undone=found["undone_at"] is not None)


def _say_why_not(values: dict[str, Any]) -> NoReturn:
    """The reason, for vouchers of the actor's own merchant alone; a foreign one looks like none."""
    found = row(_REASON, {name: values[name] for name in ("code_hmac", "merchant_id", "store_id")})
    if found is None:
        raise VoucherUnknown
    at = values["at"]
    if found["state"] == VoucherState.REFUNDED.value:
        raise VoucherRefunded
    if found["state"] == VoucherState.USED.value:
        raise VoucherAlreadyUsed(
            used_at=found["used_at"],
            store_ref=found["store_ref"],
            store_names=queries.loaded(found["store_names"]),
        )
    if found["blocked_at"] is not None:
        raise VoucherBlocked
    if found["state"] == VoucherState.EXPIRED.value or found["valid_until"] <= at:
        raise VoucherExpired(valid_until=found["valid_until"])
    if not found["in_store"]:
        raise WrongStore(stores=queries.loaded(found["stores"]))
    if found["valid_from"] > at:
        raise VoucherNotYetValid(valid_from=found["valid_from"])
    raise VoucherChanged


def _result(found: dict[str, Any], *, replay: bool, undone: bool) -> RedemptionResult:
    return RedemptionResult(
        redemption_ref=found["redemption_ref"],
        voucher_ref=found["voucher_ref"],
        order_ref=found["order_ref"],
        offer_ref=found["offer_ref"],
        unit_ref=found["unit_ref"],
        person_ref=found["person_ref"],
        titles=queries.loaded(found["titles"]),
        store_ref=found["store_ref"],
        at=found["at"],
        use_no=found["use_no"],
        uses_left=found["uses_left"],
        uses_total=found["uses_total"],
        replay=replay,
        undone=undone,
    )
