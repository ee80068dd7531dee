"""Redeeming: uses of a voucher become facts, once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel import codes
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.town.merchants.models import Device, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.rules.terms import MOST_USES, from_json, refusal, to_json
from hutong.visit.vouchers.services.errors import (
    CodeMistyped,
    NotEnoughLeft,
    OverrideForbidden,
    TermsRefuse,
    VoucherAlreadyUsed,
    VoucherChanged,
)
from hutong.visit.vouchers.services.stored import result_of, stored_answer
from hutong.visit.vouchers.services.together import shares_of, taken_before
from hutong.visit.vouchers.services.why_not import say_why_not
from hutong.visit.vouchers.types import (
    Asked,
    RedemptionResult,
    Terms,
    TermsReason,
    VoucherKind,
)

# The guard: whoever comes second waits for the row, reads it again and finds that it no longer fits.
_TAKE = """
UPDATE vouchers_voucher v SET
  uses_left = v.uses_left - CASE WHEN v.kind = 'pass' THEN 0 ELSE %(take)s::int4 END,
  state = CASE WHEN v.kind <> 'pass' AND v.uses_left = %(take)s::int4 THEN 'used' ELSE v.state END
FROM people_person p, merchants_store s JOIN regions_region g ON g.id = s.region_id
WHERE {which} AND v.merchant_id = %(merchant_id)s::int8 AND v.state = 'ready'
  AND v.blocked_at IS NULL AND v.uses_left >= %(take)s::int4
  AND v.valid_from <= %(at)s AND v.valid_until > %(at)s
  AND v.store_ids @> ARRAY[%(store_id)s::int8] AND p.id = v.person_id
  AND s.id = %(store_id)s::int8
RETURNING v.id, v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.kind, v.terms, v.valid_until,
  v.uses_left, v.uses_total, p.public_id AS person_ref, g.zone
"""
_TAKE_SHOWN, _TAKE_OTHER = (
    _TAKE.format(which=which) for which in ("v.code_hmac = %(code_hmac)s", "v.id = %(voucher_id)s::int8")
)
_INSERT = """
INSERT INTO vouchers_redemption (public_id, voucher_id, shown_id, use_no, unit_ref, store_id, device_id, person_id,
  actor_ref, nonce, position, spent, choice, bill, bill_unit, override_reason, at, undone_by)
"""
_VALUES = """%(store_id)s::int8, %(device_id)s::int8, %(person_id)s::int8, %(actor_ref)s, %(nonce)s"""
_BILL = """%(bill)s::int8, %(bill_unit)s, %(override_reason)s, %(at)s, ''"""
_DONE = """
ON CONFLICT (actor_ref, nonce, position) DO NOTHING
RETURNING public_id AS redemption_ref, use_no, unit_ref, spent, choice, at
"""
# Runs under the lock that `_TAKE` holds on the voucher, so the first ready uses are nobody else's.
_RECORD = f"""
WITH taken AS (
  UPDATE vouchers_use SET state = 'used' WHERE id IN (
    SELECT id FROM vouchers_use WHERE voucher_id = %(voucher_id)s::int8 AND state = 'ready'
    ORDER BY use_no LIMIT %(take)s::int4)
  RETURNING use_no, unit_ref
), counted AS (SELECT use_no, unit_ref, row_number() OVER (ORDER BY use_no)::int4 AS n FROM taken)
{_INSERT}
SELECT (%(refs)s::text[])[n], %(voucher_id)s::int8, %(shown_id)s::int8, use_no, unit_ref, {_VALUES},
  %(position)s::int4 + n - 1, true, (%(choices)s::int2[])[n], {_BILL} FROM counted {_DONE}
"""  # noqa: S608  constants alone
# A visit of a pass: the first one uses its unit, and each has a number of its own.
_VISIT = f"""
WITH opened AS (
  UPDATE vouchers_use SET state = 'used' WHERE voucher_id = %(voucher_id)s::int8 AND state = 'ready' RETURNING id
)
{_INSERT}
SELECT (%(refs)s::text[])[n], u.voucher_id, %(shown_id)s::int8,
  n + (SELECT count(*) FROM vouchers_redemption WHERE voucher_id = u.voucher_id),
  u.unit_ref, {_VALUES}, %(position)s::int4 + n - 1, n = 1 AND EXISTS (SELECT 1 FROM opened), NULL::int2, {_BILL}
FROM vouchers_use u, generate_series(1, %(take)s::int4) AS n WHERE u.voucher_id = %(voucher_id)s::int8 {_DONE}
"""  # noqa: S608  constants alone


class _NonceTaken(Exception):
    """A twin of this request recorded its redemption first."""


class _DayOfShownUsed(Exception):
    """The voucher that was shown has had its day; one that was bought with it may not."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan: where, by whom, and what is asked for."""

    code_hmac: str
    store: Store
    actor_ref: str
    device: Device | None
    by: Person | None
    nonce: str
    asked: Asked
    override_reason: str
    at: datetime

    @property
    def guard(self) -> dict[str, Any]:
        """What a voucher is found by, and what it has to be good for."""
        return {
            "code_hmac": self.code_hmac,
            "merchant_id": self.store.merchant_id,
            "store_id": self.store.pk,
            "at": self.at,
        }


def redeem(
    *,
    code: str,
    store: Store,
    actor_ref: str,
    device: Device | None,
    by: Person | None,
    nonce: str,
    at: datetime,
    uses: int = 1,
    choices: Sequence[int] = (),
    bill: Money | None = None,
    override_reason: str = "",
) -> RedemptionResult:
    """Use the voucher of `code` (typed, or the text of its QR) `uses` times in `store`, all or nothing.

    Where it has fewer left, or fewer for this day, the rest comes from the vouchers of the same deal that were bought
    with it: as many as `prepare` says. `choices` are
    the positions of what is taken, one for each use, and `bill` is what the bill comes to, where the terms ask for
    them. With an `override_reason` who manages the store (`by`) lets it pass against its terms; nothing else.

    The same `actor_ref` (a device, or a person without one) and `nonce` always give the first answer, with
    `replay` set, also for twins at the same moment. Whether the actor may redeem in this store is asked
    before, and `guessing_stopped` goes around it. For one use three statements, and two for the savepoint inside an
    outer transaction; one more where the terms count what was taken before, one or two more to say why not.

    Raises `CodeMistyped` without looking anything up; `VoucherUnknown` alike for a code nobody has and for
    another merchant's; and for vouchers of the store's own merchant `WrongStore`, `VoucherAlreadyUsed`,
    `VoucherExpired`, `VoucherNotYetValid`, `VoucherRefunded`, `VoucherBlocked`, `VoucherChanged`, `NotEnoughLeft`,
    `TermsRefuse`, `OverrideForbidden`; `NonceReused` when it was used for another voucher.
    """
    parsed = codes.parse_code(code)
    if parsed is None:
        raise CodeMistyped
    if not (device or by) or not 1 <= len(nonce) <= 80 or not 1 <= uses <= MOST_USES:
        raise ValueError(f"somebody redeems, with a nonce of at most 80 symbols, 1 to {MOST_USES} uses")
    scan = _Scan(
        code_hmac=queries.lookup_hash(parsed),
        store=store,
        actor_ref=actor_ref,
        device=device,
        by=by,
        nonce=nonce,
        asked=Asked(uses=uses, choices=tuple(choices), bill=bill),
        override_reason=override_reason.strip()[:200],
        at=at,
    )
    stored = _stored_answer(scan)
    if stored:
        return stored
    try:
        return _take_all(scan)
    except (_NonceTaken, VoucherAlreadyUsed, NotEnoughLeft, TermsRefuse) as error:
        # A double tap arrives twice at the same moment: the second gets the answer of the first.
        stored = _stored_answer(scan)
        if stored:
            return stored
        if isinstance(error, _NonceTaken):
            raise VoucherChanged from error
        raise


def _take_all(scan: _Scan) -> RedemptionResult:
    if scan.asked.uses == 1:
        try:
            with transaction.atomic():
                return _take_shown(scan)
        except _DayOfShownUsed:
            # What was taken is back, and its row is free: those bought with it are locked in the order of their keys.
            pass
    with transaction.atomic():
        return _take_together(scan)


def _take_shown(scan: _Scan) -> RedemptionResult:
    shown = _take(_TAKE_SHOWN, {**scan.guard, "take": 1}, scan)
    try:
        _require_terms(scan, shown, scan.asked)
    except TermsRefuse as refused:
        if refused.details["reason"] == TermsReason.DAY_IS_USED.value:
            raise _DayOfShownUsed from refused
        raise
    recorded = _write_uses(scan, shown, take=1, position=0, shown_id=shown["id"])
    return result_of([shown], recorded, scan.store.public_id)


def _take_together(scan: _Scan) -> RedemptionResult:
    taken: list[dict[str, Any]] = []
    recorded: list[dict[str, Any]] = []
    shown_id, shares = shares_of(scan.guard, scan.asked.uses)
    for voucher_id, take in shares:
        taken.append(_take(_TAKE_OTHER, {**scan.guard, "voucher_id": voucher_id, "take": take}, scan))
        chosen = scan.asked.choices[len(recorded) : len(recorded) + take]
        _require_terms(scan, taken[-1], replace(scan.asked, own=take, choices=chosen))
        recorded += _write_uses(scan, taken[-1], take=take, position=len(recorded), shown_id=shown_id)
    return result_of(taken, recorded, scan.store.public_id)


def _take(statement: str, values: Mapping[str, Any], scan: _Scan) -> dict[str, Any]:
    taken = row(statement, dict(values))
    if taken is None:
        say_why_not(scan.guard)
    return {**taken, "terms": from_json(queries.loaded(taken["terms"]))}


def _require_terms(scan: _Scan, taken: Mapping[str, Any], asked: Asked) -> None:
    terms: Terms = taken["terms"]
    if terms.a_day is not None or terms.kind is VoucherKind.CHOICE:
        asked = _with_taken_before(scan, taken, asked)
    require_terms(
        terms, asked, zone=taken["zone"], until=taken["valid_until"], store=scan.store, by=scan.by,
        override_reason=scan.override_reason, at=scan.at,
    )  # fmt: skip


def require_terms(
    terms: Terms,
    asked: Asked,
    *,
    zone: str,
    until: datetime,
    store: Store,
    by: Person | None,
    override_reason: str,
    at: datetime,
) -> None:
    """Pass what the terms allow, or a manager does. It comes after the take: the voucher's row is locked now.

    Raises `TermsRefuse`, and `OverrideForbidden` where a reason is given and `by` does not manage the store.
    """
    refused = refusal(terms, asked, zone=zone, until=until, at=at)
    if refused is None:
        return
    if override_reason:
        merchant = store.merchant
        assert merchant is not None, "who redeems works for the merchant of the store"
        if by and has_right(by, Right.UNDO, merchant.public_id, store.public_id):
            return
        raise OverrideForbidden
    raise TermsRefuse(
        reason=refused.reason.value,
        next_at=refused.next_at,
        most=refused.most,
        least=refused.least and {"minor": refused.least.minor, "unit": refused.least.unit},
        terms=to_json(terms),
    )


def _with_taken_before(scan: _Scan, taken: Mapping[str, Any], asked: Asked) -> Asked:
    before = taken_before([taken["id"]], taken["terms"], zone=taken["zone"], at=scan.at).get(taken["id"])
    if before is None:
        return asked
    return replace(asked, used_today=before["today"], taken=Counter(before["choices"] or []))


def _write_uses(
    scan: _Scan, taken: Mapping[str, Any], *, take: int, position: int, shown_id: int
) -> list[dict[str, Any]]:
    """Write the redemptions of one voucher. Raises `_NonceTaken` where a twin of the request was faster."""
    chosen = scan.asked.choices[position : position + take]
    terms: Terms = taken["terms"]
    values = {
        "voucher_id": taken["id"],
        "shown_id": None if shown_id == taken["id"] else shown_id,
        "take": take,
        "position": position,
        "refs": [new_id("red") for _use in range(take)],
        "choices": list(chosen) if terms.kind is VoucherKind.CHOICE else [],
        "store_id": scan.store.pk,
        "device_id": scan.device.pk if scan.device else None,
        "person_id": scan.by.pk if scan.by else None,
        "actor_ref": scan.actor_ref,
        "nonce": scan.nonce,
        "bill": scan.asked.bill.minor if scan.asked.bill else None,
        "bill_unit": scan.asked.bill.unit if scan.asked.bill else "",
        "override_reason": scan.override_reason,
        "at": scan.at,
    }
    recorded = rows(_VISIT if terms.kind is VoucherKind.PASS else _RECORD, values)
    if len(recorded) != take:
        raise _NonceTaken
    recorded.sort(key=lambda entry: entry["use_no"])
    return [{**entry, "voucher_ref": taken["voucher_ref"]} for entry in recorded]


def _stored_answer(scan: _Scan) -> RedemptionResult | None:
    return stored_answer(actor_ref=scan.actor_ref, nonce=scan.nonce, code_hmac=scan.code_hmac)
