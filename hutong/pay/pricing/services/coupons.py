"""People come by coupons: by a code, by taking one, by an order, or because they are given one.

Limits cannot be passed: how many of a promotion there are, and how many of them one person gets. Both guards stand in
the WHERE of the statement that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import budget, rows
from hutong.kernel.errors import Conflict, NotFound, TooMany
from hutong.kernel.ids import new_id
from hutong.pay.pricing import queries
from hutong.pay.pricing.rules import coupon_ends_at, folded
from hutong.pay.pricing.services.promotions import PromotionUnknown
from hutong.pay.pricing.types import CouponState, Issue, PromotionState, PromotionView
from hutong.town.people.models import Person

FAILURE_WINDOW_S = 3600
MOST_FAILURES = {"person": 10, "address": 50}
_NO_LIMIT = 2**31 - 1

_COUNT = """
UPDATE pricing_promotion SET issued = CASE WHEN issue_limit IS NULL THEN 0 ELSE issued + 1 END
WHERE id = %s::int8 AND (issue_limit IS NULL OR issued < issue_limit)
"""
_COUNT_FOR = """
INSERT INTO pricing_personcount AS n (promotion_id, person_id, issued, used)
VALUES (%(promotion)s::int8, %(person)s::int8, 1, 0)
ON CONFLICT (promotion_id, person_id) DO UPDATE SET issued = n.issued + 1 WHERE n.issued < %(each)s::int2
RETURNING issued
"""
_ISSUE = """
INSERT INTO pricing_coupon (public_id, promotion_id, person_id, number, state, source, source_ref, issued_at, ends_at,
    order_ref)
VALUES (%(ref)s, %(promotion)s::int8, %(person)s::int8, %(number)s::int2, %(state)s, %(source)s, %(source_ref)s,
    %(at)s::timestamptz, %(ends_at)s::timestamptz, '')
ON CONFLICT (promotion_id, source_ref) DO NOTHING
"""
_WITHDRAW = """
UPDATE pricing_coupon SET withdrawn_at = %(at)s::timestamptz
WHERE source_ref = %(source_ref)s AND source = 'purchase' AND withdrawn_at IS NULL
"""


class CodeUnknown(NotFound):
    """No promotion has this code, or it is over. The answer is the same."""

    code = "coupon_code_unknown"
    message = _("No coupon has this code any more. Please look at it again.")


class CouponTaken(Conflict):
    """The person has as many coupons of this promotion as one gets, or had them."""

    code = "coupon_taken"
    message = _("You had this coupon already. Look under “My coupons”.")


class CouponsGone(Conflict):
    """All coupons of the promotion are given out, or it is over."""

    code = "coupons_gone"
    message = _("These coupons are all gone.")


def enter_code(*, code: str, person: Person, address: str, at: datetime) -> str:
    """The coupon of a code that somebody typed; its ref.

    Never inside a transaction: wrong codes are counted by person and by address, and too many raise `TooMany` before
    the code is looked at. Raises `CodeUnknown`, `CouponTaken`, `CouponsGone`.
    """
    keys = {
        "person": f"coupon code:{person.public_id}",
        "address": f"coupon code:at:{address}",
    }
    counts = budget.spent(list(keys.values()), window_s=FAILURE_WINDOW_S, at=at)
    if any(counts[key][0] >= MOST_FAILURES[name] for name, key in keys.items()):
        raise TooMany(retry_after_s=max(wait_s for _spent, wait_s in counts.values()))
    promotion = queries.promotion_by_code(folded(code))
    if promotion is None or promotion.issue is not Issue.CODE or not _runs(promotion, at):
        for key in keys.values():
            budget.spend(key, limit=_NO_LIMIT, window_s=FAILURE_WINDOW_S, at=at)
        raise CodeUnknown
    return _issue(promotion, person.pk, Issue.CODE, None, at)


def claim(*, promotion_ref: str, person: Person, at: datetime) -> str:
    """Take a coupon where it is offered; its ref. Raises `PromotionUnknown`, `CouponTaken`, `CouponsGone`."""
    promotion = queries.promotion_by_ref(promotion_ref)
    if promotion is None or promotion.issue is not Issue.CLAIM:
        raise PromotionUnknown
    return _issue(promotion, person.pk, Issue.CLAIM, None, at)


def give(
    *,
    promotion: PromotionView,
    person_ids: Iterable[int],
    source: Issue,
    at: datetime,
    source_ref: str | None = None,
) -> int:
    """Give a coupon to each of these people; how many got one.

    Who has as many as one gets is left out, and so is who comes when they are all gone, or after the promotion. For one
    `source_ref` (an order) only one coupon is given, however often it is asked for.
    """
    given = 0
    for person_id in person_ids:
        try:
            _issue(promotion, person_id, source, source_ref, at)
        except CouponTaken:
            continue
        except CouponsGone:
            break
        given += 1
    return given


def withdraw(*, source_ref: str, at: datetime) -> int:
    """The order that earned these coupons went back: they are good for no new order from now on; how many they are.

    One that an order has keeps its price there, and does not come back from it. Again: nothing happens.
    """
    return rows.execute(_WITHDRAW, {"source_ref": source_ref, "at": at})


def _runs(promotion: PromotionView, at: datetime) -> bool:
    rule = promotion.rule
    return (
        promotion.state is PromotionState.LIVE
        and rule.starts_at <= at
        and (rule.ends_at is None or at < rule.ends_at)
    )


def _issue(
    promotion: PromotionView, person_id: int, source: Issue, source_ref: str | None, at: datetime
) -> str:
    """One coupon, or none and nothing counted."""
    if not _runs(promotion, at):
        raise CouponsGone
    ref = new_id("cpn")
    with transaction.atomic():
        if promotion.issue_limit is not None and not rows.execute(_COUNT, [promotion.promotion_id]):
            raise CouponsGone
        number = rows.scalar(
            _COUNT_FOR,
            {"promotion": promotion.promotion_id, "person": person_id, "each": promotion.coupons_each},
        )
        if number is None:
            raise CouponTaken
        issued = rows.execute(
            _ISSUE,
            {
                "ref": ref,
                "promotion": promotion.promotion_id,
                "person": person_id,
                "number": number,
                "state": CouponState.READY.value,
                "source": source.value,
                "source_ref": source_ref,
                "at": at,
                "ends_at": coupon_ends_at(
                    at=at, valid_days=promotion.valid_days, ends_at=promotion.rule.ends_at
                ),
            },
        )
        if not issued:  # this order earned its coupon before
            raise CouponTaken
    return ref
