"""The stored answer of a scan: what the same nonce gets again, and whoever waits for what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from hutong.kernel.rows import rows
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.rules.terms import from_json
from hutong.visit.vouchers.services.errors import NonceReused
from hutong.visit.vouchers.types import Redeemed, RedemptionResult

# A scan of one voucher may have taken from those bought with it; the answer is for who shows the same one again.
_STORED = """
SELECT r.public_id AS redemption_ref, r.use_no, r.unit_ref, r.spent, r.choice, r.at, r.undone_at,
  v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.kind, v.terms, v.uses_left, v.uses_total,
  p.public_id AS person_ref, s.public_id AS store_ref,
  (SELECT o.code_hmac FROM vouchers_voucher o WHERE o.id = coalesce(r.shown_id, r.voucher_id)) AS shown
FROM vouchers_redemption r
JOIN vouchers_voucher v ON v.id = r.voucher_id
JOIN people_person p ON p.id = v.person_id
JOIN merchants_store s ON s.id = r.store_id
WHERE r.actor_ref = %(actor_ref)s AND r.nonce = %(nonce)s ORDER BY r.position
"""


def stored_answer(*, actor_ref: str, nonce: str, code_hmac: str = "") -> RedemptionResult | None:
    """What a scan was answered, with `replay` set; None where there was none. One statement.

    Raises `NonceReused` where a `code_hmac` is given and the nonce was used for a scan of another voucher.
    """
    found = rows(_STORED, {"actor_ref": actor_ref, "nonce": nonce})
    if not found:
        return None
    if code_hmac and code_hmac != found[0]["shown"]:
        raise NonceReused
    vouchers = list({entry["voucher_ref"]: entry for entry in found}.values())
    for entry in vouchers:
        entry["terms"] = from_json(queries.loaded(entry["terms"]))
    return result_of(vouchers, found, found[0]["store_ref"], replay=True)


def result_of(
    vouchers: Sequence[Mapping[str, Any]],
    recorded: Sequence[Mapping[str, Any]],
    store_ref: str,
    *,
    replay: bool = False,
) -> RedemptionResult:
    """The answer of a scan from the vouchers it took from and its redemptions."""
    first = vouchers[0]
    things = first["terms"].choices
    return RedemptionResult(
        redeemed=tuple(
            Redeemed(
                redemption_ref=entry["redemption_ref"],
                voucher_ref=entry["voucher_ref"],
                unit_ref=entry["unit_ref"],
                use_no=entry["use_no"],
                spent=entry["spent"],
                choice=None if entry["choice"] is None else things[entry["choice"]].names,
            )
            for entry in recorded
        ),
        order_ref=first["order_ref"],
        offer_ref=first["offer_ref"],
        person_ref=first["person_ref"],
        titles=queries.loaded(first["titles"]),
        kind=first["terms"].kind,
        store_ref=store_ref,
        at=recorded[0]["at"],
        uses_left=sum(entry["uses_left"] for entry in vouchers),
        uses_total=sum(entry["uses_total"] for entry in vouchers),
        replay=replay,
        undone=replay and all(entry["undone_at"] for entry in recorded),
    )
