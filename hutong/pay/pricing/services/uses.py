"""What promotions take off an order: held while it waits for its money, used, set free, given back.

A budget cannot be overspent, a limit per person cannot be passed, a coupon counts once, and one order of a person is
the first: each guard stands in the WHERE of the statement that counts. Promotions without a limit are not written to, so
that nobody waits for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import rows
from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.pricing.models import Use
from hutong.pay.pricing.rules import first_scope
from hutong.pay.pricing.types import Discount, FirstPurchase, Lane, UseState

_PROMOTIONS = """
SELECT id, public_id, state, per_person, budget_amount IS NOT NULL OR budget_count IS NOT NULL AS limited,
    rule->>'first' AS first
FROM pricing_promotion WHERE public_id = ANY (%s::text[])
"""
# The same order may have several of one scope, in different lanes.
_BE_FIRST = """
INSERT INTO pricing_firstuse AS f (person_id, scope, order_ref, at)
VALUES (%(person)s::int8, %(scope)s, %(order_ref)s, %(at)s::timestamptz)
ON CONFLICT (person_id, scope) DO UPDATE SET at = EXCLUDED.at WHERE f.order_ref = EXCLUDED.order_ref
"""
_BE_FIRST_NO_MORE = "DELETE FROM pricing_firstuse WHERE order_ref = %s"
_SPEND = """
UPDATE pricing_promotion SET
    used_count = CASE WHEN budget_count IS NULL THEN 0 ELSE used_count + 1 END,
    used_amount = CASE WHEN budget_amount IS NULL THEN 0 ELSE used_amount + %(amount)s::int8 END
WHERE id = %(promotion)s::int8 AND state = 'live' AND (budget_count IS NULL OR used_count < budget_count)
    AND (budget_amount IS NULL OR used_amount + %(amount)s::int8 <= budget_amount)
"""
_UNSPEND = """
UPDATE pricing_promotion SET
    used_count = CASE WHEN budget_count IS NULL THEN 0 ELSE used_count - 1 END,
    used_amount = CASE WHEN budget_amount IS NULL THEN 0 ELSE used_amount - %(amount)s::int8 END
WHERE id = %(promotion)s::int8 AND (budget_count IS NOT NULL OR budget_amount IS NOT NULL)
"""
_COUNT_FOR = """
INSERT INTO pricing_personcount AS n (promotion_id, person_id, issued, used)
VALUES (%(promotion)s::int8, %(person)s::int8, 0, 1)
ON CONFLICT (promotion_id, person_id) DO UPDATE SET used = n.used + 1 WHERE n.used < %(most)s::int2
"""
_UNCOUNT_FOR = """
UPDATE pricing_personcount n SET used = n.used - 1 FROM pricing_promotion p
WHERE p.id = n.promotion_id AND p.per_person IS NOT NULL
    AND n.promotion_id = %(promotion)s::int8 AND n.person_id = %(person)s::int8
"""
_HOLD_COUPON = """
UPDATE pricing_coupon SET state = 'held', order_ref = %(order_ref)s
WHERE public_id = %(coupon)s AND person_id = %(person)s::int8 AND state = 'ready'
    AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > %(at)s::timestamptz)
RETURNING id
"""
_FREE_COUPON = "UPDATE pricing_coupon SET state = 'ready', order_ref = '', used_at = NULL WHERE id = %s::int8"
# Comes back unless it is over meanwhile, or its promotion was ended; no coupon lasts longer than its promotion.
_RETURN_COUPON = """
UPDATE pricing_coupon c SET state = 'ready', order_ref = '', used_at = NULL FROM pricing_promotion p
WHERE c.id = %(coupon)s::int8 AND p.id = c.promotion_id AND p.state <> 'ended'
    AND (c.ends_at IS NULL OR c.ends_at > %(at)s::timestamptz)
"""
_SETTLE = """
WITH moved AS (
    UPDATE pricing_use SET state = 'used' WHERE order_ref = %(order_ref)s AND state = 'held' RETURNING coupon_id
)
UPDATE pricing_coupon c SET state = 'used', used_at = %(at)s::timestamptz FROM moved WHERE c.id = moved.coupon_id
"""
_RELEASED = """
SELECT p.id, p.public_id, p.state, p.per_person, p.rule->>'first' AS first, u.person_id, u.amount,
    p.budget_amount IS NOT NULL OR p.budget_count IS NOT NULL AS limited,
    (SELECT c.public_id FROM pricing_coupon c WHERE c.id = u.coupon_id) AS coupon_ref
FROM pricing_use u JOIN pricing_promotion p ON p.id = u.promotion_id
WHERE u.order_ref = %s AND u.state = 'released'
"""
_MOVE = """
UPDATE pricing_use u SET state = %(to_state)s FROM pricing_promotion p
WHERE u.order_ref = %(order_ref)s AND u.state = %(from_state)s AND p.id = u.promotion_id
RETURNING u.promotion_id, u.person_id, u.coupon_id, u.amount, p.public_id AS promotion_ref, p.per_person
"""


class DiscountGone(Conflict):
    """A discount of the price that was shown is not there any more; `promotion_ref` says which. Nothing was ordered."""

    code = "discount_gone"
    message = _("A discount in this price was used up this moment. Please look at the new price.")


def hold(
    *,
    order_ref: str,
    person_id: int,
    merchant_ref: str,
    discounts: Sequence[Discount],
    order_total: Money,
    at: datetime,
) -> None:
    """Set aside what the discounts of an order take from budgets, from this person's limits, and their coupons.

    `merchant_ref` is the shop of the order: a first purchase there is one of this order. All of it or nothing; points
    are not looked at. Raises `DiscountGone`.
    """
    wanted = sorted(
        (each for each in discounts if each.lane is not Lane.POINTS), key=lambda each: each.promotion_ref
    )
    if not wanted:
        return
    with transaction.atomic(savepoint=False):
        known = {
            row["public_id"]: row for row in rows.rows(_PROMOTIONS, [[each.promotion_ref for each in wanted]])
        }
        _be_first(known.values(), order_ref, person_id, merchant_ref, at)
        uses = []
        for each in wanted:
            promotion = known.get(each.promotion_ref)
            if promotion is None:
                raise DiscountGone(promotion_ref=each.promotion_ref)
            coupon_ref = each.ref if each.ref != each.promotion_ref else None
            coupon_id = _take(promotion, order_ref, person_id, coupon_ref, each.amount.minor, at)
            uses.append(
                Use(
                    promotion_id=promotion["id"],
                    coupon_id=coupon_id,
                    person_id=person_id,
                    order_ref=order_ref,
                    amount=each.amount.minor,
                    order_total=order_total.minor,
                    unit=each.amount.unit,
                    at=at,
                )
            )
        Use.objects.bulk_create(uses)


def _be_first(
    promotions: Iterable[Mapping[str, Any]], order_ref: str, person_id: int, merchant_ref: str, at: datetime
) -> None:
    """Make the order this person's first one, where a promotion is for that; before anything else is taken, so that two
    orders of one person do not wait for each other."""
    scopes = {
        first_scope(FirstPurchase(each["first"]), merchant_ref): each["public_id"]
        for each in promotions
        if each["first"]
    }
    for scope, promotion_ref in sorted(scopes.items()):
        values = {"person": person_id, "scope": scope, "order_ref": order_ref, "at": at}
        if not rows.execute(_BE_FIRST, values):
            raise DiscountGone(promotion_ref=promotion_ref)


def _take(
    promotion: Mapping[str, Any],
    order_ref: str,
    person_id: int,
    coupon_ref: str | None,
    amount: int,
    at: datetime,
) -> int | None:
    """Count one use against all that limits it; the key of its coupon, if it has one."""
    gone = DiscountGone(promotion_ref=promotion["public_id"])
    values = {"promotion": promotion["id"], "person": person_id, "amount": amount, "order_ref": order_ref}
    if promotion["state"] != "live" or (promotion["limited"] and not rows.execute(_SPEND, values)):
        raise gone
    most = promotion["per_person"]
    if most is not None and not rows.execute(_COUNT_FOR, {**values, "most": most}):
        raise gone
    if coupon_ref is None:
        return None
    coupon_id: int | None = rows.scalar(_HOLD_COUPON, {**values, "coupon": coupon_ref, "at": at})
    if coupon_id is None:
        raise gone
    return coupon_id


def settle(*, order_ref: str, at: datetime) -> None:
    """The order is paid: what was held is used. One statement."""
    with transaction.atomic(savepoint=False):
        # The statement counts coupons; a use without one is moved all the same.
        rows.execute(_SETTLE, {"order_ref": order_ref, "at": at})


def release(*, order_ref: str) -> None:
    """The order ended unpaid: what it held counts for nothing. Nothing happens to others."""
    with transaction.atomic(savepoint=False):
        rows.execute(_BE_FIRST_NO_MORE, [order_ref])
        for use in _moved(order_ref, UseState.HELD, UseState.RELEASED):
            _untake(use)
            if use["coupon_id"]:
                rows.execute(_FREE_COUPON, [use["coupon_id"]])


def retake(*, order_ref: str, merchant_ref: str, at: datetime) -> None:
    """Money came late for an order of this shop: hold again what it had held. Raises `DiscountGone` and then changes
    nothing, inside a savepoint of the caller."""
    with transaction.atomic(savepoint=False):
        released = rows.rows(_RELEASED, [order_ref])
        if released:
            _be_first(released, order_ref, released[0]["person_id"], merchant_ref, at)
        # Coupons first: the use of one that another order has by now cannot be moved.
        for use in sorted(released, key=lambda use: str(use["public_id"])):
            _take(use, order_ref, use["person_id"], use["coupon_ref"], use["amount"], at)
        _moved(order_ref, UseState.RELEASED, UseState.HELD)


def give_back(
    *, order_ref: str, parts: Mapping[str, Money], refunded: Money, whole: bool, at: datetime
) -> None:
    """Units of a paid order were refunded: `parts` says by promotion what it had taken off them, `refunded` what was
    paid for them.

    With the last of them (`whole`) the uses count no more, and their coupons come back unless they are over meanwhile.
    """
    with transaction.atomic(savepoint=False):
        for promotion_ref, part in sorted(parts.items()):
            rows.execute(
                """UPDATE pricing_use u SET returned_amount = u.returned_amount + %(part)s::int8
                FROM pricing_promotion p WHERE p.id = u.promotion_id AND p.public_id = %(promotion)s
                    AND u.order_ref = %(order_ref)s AND u.state = 'used'""",
                {"part": part.minor, "promotion": promotion_ref, "order_ref": order_ref},
            )
        rows.execute(
            "UPDATE pricing_use SET order_returned = order_returned + %(refunded)s::int8"
            " WHERE order_ref = %(order_ref)s AND state = 'used'",
            {"refunded": refunded.minor, "order_ref": order_ref},
        )
        if not whole:
            return
        rows.execute(_BE_FIRST_NO_MORE, [order_ref])
        for use in _moved(order_ref, UseState.USED, UseState.RETURNED):
            _untake(use)
            if use["coupon_id"]:
                rows.execute(_RETURN_COUPON, {"coupon": use["coupon_id"], "at": at})


def _moved(order_ref: str, from_state: UseState, to_state: UseState) -> list[dict[str, Any]]:
    """The uses of an order that moved, in the order in which promotions are locked."""
    found = rows.rows(
        _MOVE, {"order_ref": order_ref, "from_state": from_state.value, "to_state": to_state.value}
    )
    return sorted(found, key=lambda use: str(use["promotion_ref"]))


def _untake(use: Mapping[str, Any]) -> None:
    """What one use counted, counts no more."""
    values = {"promotion": use["promotion_id"], "person": use["person_id"], "amount": use["amount"]}
    rows.execute(_UNSPEND, values)
    if use["per_person"] is not None:
        rows.execute(_UNCOUNT_FOR, values)
