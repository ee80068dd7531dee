"""Reads of receipts: what one scan used, for whose voucher it was, and for the shop that redeemed."""

from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.town.people.models import Person
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.rules.terms import from_json
from hutong.visit.vouchers.types.receipts import ReceiptUse, RedemptionReceipt

# All that the scan of one redemption used; by the unique public id, then the index of actor and nonce.
_RECEIPT = """
SELECT r.unit_ref, r.use_no, r.spent, r.choice, r.bill, r.bill_unit, r.override_reason, r.at, r.undone_at,
  v.public_id AS voucher_ref, v.titles, v.terms, v.uses_left, v.uses_total, v.code_no, v.person_id,
  m.public_id AS merchant_ref, m.names AS merchant_names, s.public_id AS store_ref, s.names AS store_names, s.address,
  g.zone, coalesce(d.name, '') AS device_name, coalesce(p.name, '') AS staff_name,
  first_value(r.public_id) OVER (ORDER BY r.position) AS ref
FROM vouchers_redemption asked
JOIN vouchers_redemption r ON r.actor_ref = asked.actor_ref AND r.nonce = asked.nonce
JOIN vouchers_voucher v ON v.id = r.voucher_id
JOIN merchants_merchant m ON m.id = v.merchant_id
JOIN merchants_store s ON s.id = r.store_id
JOIN regions_region g ON g.id = s.region_id
LEFT JOIN merchants_device d ON d.id = r.device_id
LEFT JOIN people_person p ON p.id = r.person_id
WHERE asked.public_id = %s ORDER BY r.position
"""


def receipt_of(ref: str, person: Person) -> RedemptionReceipt | None:
    """The receipt of the scan of a redemption, for whoever has the vouchers now; None for others. One statement."""
    found = rows(_RECEIPT, [ref])
    return _receipt(found) if found and {entry["person_id"] for entry in found} == {person.pk} else None


def receipt_in(ref: str, store_ref: str) -> RedemptionReceipt | None:
    """The same for the store that redeemed; None for another's. One statement."""
    found = rows(_RECEIPT, [ref])
    return _receipt(found) if found and found[0]["store_ref"] == store_ref else None


def _receipt(found: list[dict[str, Any]]) -> RedemptionReceipt:
    first = found[0]
    terms = from_json(loaded(first["terms"]))
    vouchers = {entry["voucher_ref"]: entry for entry in found}.values()
    return RedemptionReceipt(
        ref=first["ref"],
        titles=loaded(first["titles"]),
        kind=terms.kind,
        merchant_ref=first["merchant_ref"],
        merchant_names=loaded(first["merchant_names"]),
        store_ref=first["store_ref"],
        store_names=loaded(first["store_names"]),
        address=first["address"],
        zone=first["zone"],
        device_name=first["device_name"],
        staff_name=first["staff_name"],
        at=first["at"],
        undone_at=first["undone_at"],
        uses=tuple(
            ReceiptUse(
                voucher_ref=entry["voucher_ref"],
                unit_ref=entry["unit_ref"],
                use_no=entry["use_no"],
                choice=None if entry["choice"] is None else dict(terms.choices[entry["choice"]].names),
                spent=entry["spent"],
            )
            for entry in found
        ),
        uses_left=sum(entry["uses_left"] for entry in vouchers),
        uses_total=sum(entry["uses_total"] for entry in vouchers),
        bill=Money(first["bill"], first["bill_unit"]) if first["bill"] is not None else None,
        face=terms.face,
        override_reason=first["override_reason"],
        given=any(entry["code_no"] for entry in vouchers),
    )
