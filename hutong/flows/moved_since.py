"""Which orders may have changed since a place in the books: those that money of the transactions after it belongs to."""

from __future__ import annotations

from hutong.kernel.rows import rows

# A reference says what money moved for: `capture:pay_...`, `redeem:red_...`, `stored_refund:ord_...:gcr_...`. With them
# the few orders whose money is on its way: they wait to be paid, or a provider has not said yet that it gave back.
_MOVED = """
WITH moved AS MATERIALIZED (
    SELECT split_part(reference, ':', 2) AS ref FROM ledger_transaction WHERE id > %(after)s::int8
)
SELECT ref AS order_ref FROM moved WHERE starts_with(ref, 'ord_')
UNION SELECT p.order_ref FROM moved JOIN payments_payment p ON p.public_id = ref
UNION SELECT p.order_ref FROM moved JOIN payments_refund r ON r.public_id = ref
    JOIN payments_payment p ON p.id = r.payment_id
UNION SELECT d.order_ref FROM moved JOIN payments_dispute d ON d.public_id = ref
UNION SELECT g.order_ref FROM moved JOIN giftcards_cardrefund g ON g.public_id = ref
UNION SELECT v.order_ref FROM moved JOIN vouchers_redemption m ON m.public_id = ref
    JOIN vouchers_voucher v ON v.id = m.voucher_id
UNION SELECT public_id FROM orders_order WHERE state = 'awaiting_payment'
UNION SELECT p.order_ref FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.ask_at IS NOT NULL
"""


def orders_moved_since(after_transaction: int) -> list[str]:
    """The refs of orders whose money moved in transactions of the ledger after this id, or is on its way now.

    Orders that ended without any money are not among them. One statement that grows with what is new alone.
    """
    return [found["order_ref"] for found in rows(_MOVED, {"after": after_transaction})]
