"""Promotions are made, switched off and on, given another budget, and ended. Each leaves a line in the audit log.

Who may do so is the caller's to know: operators for the platform, the shop's people for a shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.locking import advisory
from hutong.pay.pricing.models import Promotion
from hutong.pay.pricing.rules import MOST_LIVE, faults, folded, rule_of, rule_to_json
from hutong.pay.pricing.types import Budget, PromotionDraft, PromotionInvalid, PromotionState
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person


class PromotionUnknown(NotFound):
    """There is no such promotion, or it is somebody else's."""

    code = "promotion_unknown"
    message = _("There is no such promotion.")


class PromotionRefused(Invalid):
    """The plan makes no sense; `faults` says what, by field."""

    code = "promotion_invalid"
    message = _("Please check the promotion: %(what)s.")


class PromotionOver(Conflict):
    """The promotion has ended."""

    code = "promotion_over"
    message = _("This promotion has ended. Make a new one like it.")


class CodeTaken(Conflict):
    """Another promotion has this code, or one that looks like it."""

    code = "promotion_code_taken"
    message = _("Another promotion has this code already, or one that looks like it.")


class TooManyPromotions(Conflict):
    """So many promotions without a coupon run at once."""

    code = "too_many_promotions"
    message = _("%(most)s promotions run already. End one before you begin another.")


class BudgetTooSmall(Conflict):
    """The new budget is less than what is used of it."""

    code = "promotion_budget_too_small"
    message = _("More than that is used already.")


def make_promotion(*, draft: PromotionDraft, by: Person, at: datetime) -> str:
    """Run a promotion from `draft.starts_at` on; its ref.

    Raises `PromotionRefused` with what is wrong by field, `CodeTaken`, `TooManyPromotions`, `PromotionUnknown` for a
    merchant that does not exist.
    """
    ref = new_id("prm")
    wrong = faults(draft, at)
    if wrong:
        raise PromotionRefused(faults=wrong, what=", ".join(sorted(wrong)))
    try:
        rule = rule_of(draft, ref)
    except PromotionInvalid as error:
        raise PromotionRefused(faults={"effect": str(error)}, what=str(error)) from error
    merchant = Merchant.objects.filter(public_id=draft.merchant_ref).first() if draft.merchant_ref else None
    if draft.merchant_ref and merchant is None:
        raise PromotionUnknown
    unit = rule.unit or next(
        (money.unit for money in (draft.budget.amount, draft.issue_minimum) if money), ""
    )
    with transaction.atomic():
        # One at a time for a shop: two that do not see each other would be one too many.
        advisory("promotions", merchant.pk if merchant else 0)
        live = Promotion.objects.filter(merchant=merchant, state=PromotionState.LIVE, issue="").count()
        if draft.issue is None and live >= MOST_LIVE:
            raise TooManyPromotions(most=MOST_LIVE)
        code_folded = folded(draft.code) if draft.code else None
        if code_folded and Promotion.objects.filter(code_folded=code_folded).exists():
            raise CodeTaken
        columns = {
            "merchant": merchant,
            "lane": draft.lane.value,
            "titles": dict(draft.titles),
            "unit": unit,
            "rule": rule_to_json(rule),
            "starts_at": draft.starts_at,
            "ends_at": draft.ends_at,
            "budget_amount": draft.budget.amount.minor if draft.budget.amount else None,
            "budget_count": draft.budget.count,
            "per_person": draft.per_person,
            "issue": draft.issue.value if draft.issue else "",
            "code": draft.code.strip(),
            "code_folded": code_folded,
            "issue_minimum": draft.issue_minimum.minor if draft.issue_minimum else None,
            "issue_limit": draft.issue_limit,
            "coupons_each": draft.coupons_each,
            "valid_days": draft.valid_days,
        }
        try:
            with transaction.atomic():
                Promotion.objects.create(public_id=ref, made_by=by.public_id, made_at=at, **columns)
        except IntegrityError as error:
            # Two promotions of two shops with one code, at the same time.
            if "code_folded" not in str(error):
                raise
            raise CodeTaken from error
        audit.record(
            action="promotion.made",
            subject=ref,
            by=by.public_id,
            at=at,
            after=_told(columns),
            merchant=draft.merchant_ref,
        )
    return ref


def switch_promotion(*, ref: str, merchant_ref: str, on: bool, by: Person, at: datetime) -> None:
    """Pause a promotion, or let it go on. Coupons of a paused one wait. Nothing happens if it is so already.

    Raises `PromotionUnknown` (also of another's), `PromotionOver`, `TooManyPromotions`.
    """
    to_state = PromotionState.LIVE if on else PromotionState.PAUSED
    with transaction.atomic():
        promotion = _own(ref, merchant_ref)
        advisory("promotions", promotion.merchant_id or 0)
        others = Promotion.objects.filter(
            merchant=promotion.merchant, state=PromotionState.LIVE, issue=""
        ).exclude(pk=promotion.pk)
        if on and not promotion.issue and others.count() >= MOST_LIVE:
            raise TooManyPromotions(most=MOST_LIVE)
        _move(promotion, to_state, by, at)


def end_promotion(*, ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """End a promotion for ever, with all coupons of it. What was ordered keeps its price.

    Raises `PromotionUnknown` (also of another's), `PromotionOver`.
    """
    with transaction.atomic():
        _move(_own(ref, merchant_ref), PromotionState.ENDED, by, at)


def change_budget(*, ref: str, merchant_ref: str, budget: Budget, by: Person, at: datetime) -> None:
    """Give a promotion another budget, in the parts it has one: the amount, the count, or both.

    Raises `PromotionUnknown` (also of another's), `PromotionOver`, `BudgetTooSmall`, and `PromotionRefused` for a part
    that was without limit, since that was not counted, or another currency.
    """
    with transaction.atomic():
        promotion = _own(ref, merchant_ref, lock=True)
        if promotion.state == PromotionState.ENDED:
            raise PromotionOver
        had = (promotion.budget_amount, promotion.budget_count)
        if (budget.amount is None) != (had[0] is None) or (budget.count is None) != (had[1] is None):
            raise PromotionRefused(faults={"budget": "not_counted"}, what="budget")
        if budget.amount is not None and budget.amount.unit != promotion.unit:
            raise PromotionRefused(faults={"budget_amount": "currencies"}, what="budget_amount")
        amount = budget.amount.minor if budget.amount else None
        if (amount or 0) < promotion.used_amount or (
            budget.count is not None and budget.count < promotion.used_count
        ):
            raise BudgetTooSmall
        Promotion.objects.filter(pk=promotion.pk).update(budget_amount=amount, budget_count=budget.count)
        audit.record(
            action="promotion.budget_changed",
            subject=ref,
            by=by.public_id,
            at=at,
            before={"budget_amount": had[0], "budget_count": had[1], "unit": promotion.unit},
            after={"budget_amount": amount, "budget_count": budget.count, "unit": promotion.unit},
            merchant=merchant_ref,
        )


def _own(ref: str, merchant_ref: str, *, lock: bool = False) -> Promotion:
    found = Promotion.objects.select_related("merchant").filter(public_id=ref)
    if lock:
        found = found.select_for_update(of=("self",))
    promotion = found.first()
    if promotion is None or (promotion.merchant.public_id if promotion.merchant else "") != merchant_ref:
        raise PromotionUnknown
    return promotion


def _move(promotion: Promotion, to_state: PromotionState, by: Person, at: datetime) -> None:
    from_state = promotion.state
    if from_state == to_state:
        return
    # The guard is the WHERE: what ended meanwhile does not begin again.
    moved = (
        Promotion.objects.filter(pk=promotion.pk)
        .exclude(state=PromotionState.ENDED)
        .update(state=to_state.value)
    )
    if not moved:
        raise PromotionOver
    audit.record(
        action=f"promotion.{to_state.value}",
        subject=promotion.public_id,
        by=by.public_id,
        at=at,
        before={"state": from_state},
        after={"state": to_state.value},
        merchant=promotion.merchant.public_id if promotion.merchant else "",
    )


def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What the log says of a new promotion: everything that is not empty, and of its rule what it does."""
    left_out = {"merchant", "rule", "code_folded", "titles"}
    effect = {name: value for name, value in columns["rule"]["effect"].items() if value is not None}
    told = {
        name: value for name, value in columns.items() if name not in left_out and value not in ("", None)
    }
    told |= {"holds_from": told.pop("starts_at"), "holds_until": told.pop("ends_at", None)}
    return {**told, "names": columns["titles"], "effect": effect.pop("kind"), **effect}
