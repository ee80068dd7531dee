"""Rules are made, changed by the next one, and ended. Each leaves a line in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, rows
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.pay.fees import queries
from hutong.pay.fees.models import CommissionRule
from hutong.pay.fees.rules import MOST_MONTHS, PPM
from hutong.pay.fees.types import Bearer, Reach, Rule, RuleDraft, Terms
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.queries import category_settings, merchant_by_ref
from hutong.town.people.models import Person
from hutong.town.regions import queries as regions

NOTE_LIMIT = 500
MOST_AMOUNT = 10**9


class RuleUnknown(NotFound):
    """There is no such rule."""

    code = "commission_rule_unknown"
    message = _("There is no such commission rule.")


class RuleOver(Conflict):
    """The rule has ended, or ends sooner than that."""

    code = "commission_rule_over"
    message = _("This rule has ended already.")


class RuleOverlaps(Conflict):
    """Another rule for the very same deals holds at the same time; `rule_ref` says which."""

    code = "commission_rule_overlaps"
    message = _("Another rule for the same deals holds in that time. Change or end that one instead.")


class ReachUnknown(Invalid):
    """A region, merchant, category or deal that does not exist, or a deal of another merchant; `field` says which."""

    code = "commission_reach_unknown"
    message = _("There is no such region, merchant, category or deal.")


class SpanEmpty(Invalid):
    """The last day is before the first, or the first is past."""

    code = "commission_span_empty"
    message = _("A rule begins today or later, and ends after it began. What was sold keeps its commission.")


class TermsInvalid(Invalid):
    """A rate above 100 %, a negative amount, or too many months; `field` says which."""

    code = "commission_terms_invalid"
    message = _("A percentage lies between 0 and 100, and amounts are not negative.")


class CurrencyForeign(Invalid):
    """An amount without its currency, or in one in which these deals are not sold; `unit` says what would be right."""

    code = "commission_currency_foreign"
    message = _("These deals are sold in %(unit)s. Please give the amounts in that currency.")


class FeeBearerUnclear(Invalid):
    """A fee is asked of the merchant although the platform bears it."""

    code = "commission_bearer_unclear"
    message = _("An assumed fee goes with a fee that the merchant bears.")


def make_rule(*, draft: RuleDraft, by: Person, at: datetime, replaces_ref: str = "") -> Rule:
    """Make a rule that holds from `draft.starts_at`, which is not before `at`.

    With `replaces_ref` that rule ends at the same moment: a change. Raises `Forbidden` for who is no operator,
    `SpanEmpty`, `TermsInvalid`, `CurrencyForeign`, `FeeBearerUnclear`, `ReachUnknown`, `RuleOverlaps`, and of the
    replaced one `RuleUnknown` and `RuleOver`.
    """
    check_draft(draft=draft, at=at)
    with transaction.atomic():
        # One at a time, or two that do not see each other would hold for the same deals.
        advisory("commission_rules", 0)
        if replaces_ref:
            end_rule(rule_ref=replaces_ref, ends_at=draft.starts_at, by=by, at=at)
        elif not by.is_operator:
            raise Forbidden
        _refuse_overlap(draft)
        made = CommissionRule.objects.create(
            **_columns(draft), made_by=by.public_id, made_at=at, replaces_ref=replaces_ref
        )
        audit.record(
            action="commission.rule_made",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after=_told(draft),
            merchant=draft.reach.merchant_ref,
            reason=made.note,
        )
    rule = queries.rule_by_ref(made.public_id)
    assert rule is not None, "it was made a moment ago"
    return rule


def end_rule(*, rule_ref: str, by: Person, at: datetime, ends_at: datetime | None = None) -> None:
    """Let a rule end at `ends_at`, or at once; one that has not begun never holds.

    What was sold by it keeps its commission. Raises `Forbidden` for who is no operator, `RuleUnknown`, `RuleOver`,
    and `SpanEmpty` for a moment that is past.
    """
    if not by.is_operator:
        raise Forbidden
    until = ends_at or at
    if until < at:
        raise SpanEmpty
    with transaction.atomic():
        rule = queries.rule_by_ref(rule_ref)
        if rule is None:
            raise RuleUnknown
        ended = rows.execute(
            """UPDATE fees_commissionrule
               SET ends_at = greatest(%(until)s::timestamptz, starts_at), ended_by = %(by)s, ended_at = %(at)s::timestamptz
               WHERE public_id = %(ref)s
                 AND (ends_at IS NULL OR ends_at > greatest(%(until)s::timestamptz, starts_at))""",
            {"ref": rule_ref, "until": until, "by": by.public_id, "at": at},
        )
        if not ended:
            raise RuleOver
        audit.record(
            action="commission.rule_ended",
            subject=rule_ref,
            by=by.public_id,
            at=at,
            before={"holds_until": rule.ends_at},
            after={"holds_until": max(until, rule.starts_at)},
            merchant=rule.reach.merchant_ref,
        )


def check_draft(*, draft: RuleDraft, at: datetime) -> None:
    """Raise what `make_rule` raises about the draft by itself; changes nothing."""
    if draft.starts_at < at or (draft.ends_at is not None and draft.ends_at <= draft.starts_at):
        raise SpanEmpty
    _check_terms(draft.terms)
    _check_currency(draft.terms, _currencies(draft.reach))


def overlapping(draft: RuleDraft, *, replaces_ref: str = "") -> Rule | None:
    """A rule for the very same deals that holds in the draft's time, other than the one it replaces."""
    for rule in queries.rules(merchant_ref=draft.reach.merchant_ref):
        if rule.ref == replaces_ref or rule.reach != draft.reach or rule.ends_at == rule.starts_at:
            continue
        begins_before_its_end = rule.ends_at is None or draft.starts_at < rule.ends_at
        if begins_before_its_end and (draft.ends_at is None or rule.starts_at < draft.ends_at):
            return rule
    return None


def _refuse_overlap(draft: RuleDraft) -> None:
    other = overlapping(draft)
    if other:
        raise RuleOverlaps(rule_ref=other.ref)


def _check_terms(terms: Terms) -> None:
    rates = {"rate": terms.rate_ppm, "provider_rate": terms.provider_rate_ppm, "tax": terms.tax_ppm or 0}
    amounts = {"fixed": terms.fixed, "minimum": terms.minimum, "provider_fixed": terms.provider_fixed}
    for limit, values in (
        (PPM, rates),
        (MOST_AMOUNT, amounts),
        (MOST_MONTHS, {"free_months": terms.free_months}),
    ):
        for field, value in values.items():
            if not 0 <= value <= limit:
                raise TermsInvalid(field=field)
    if terms.bearer is Bearer.PLATFORM and (terms.provider_rate_ppm or terms.provider_fixed):
        raise FeeBearerUnclear(field="bearer")


def _check_currency(terms: Terms, sold_in: set[str]) -> None:
    has_amounts = bool(terms.fixed or terms.minimum or terms.provider_fixed)
    if has_amounts != bool(terms.unit) or (has_amounts and terms.unit not in sold_in):
        raise CurrencyForeign(unit=", ".join(sorted(sold_in)), field="unit")


def _currencies(reach: Reach) -> set[str]:
    """The currencies the deals a rule is for are sold in, as far as it says; raises `ReachUnknown`."""
    region = regions.region_by_ref(reach.region_ref) if reach.region_ref else None
    slugs = {each.slug for group, members in category_settings() for each in (group, *members)}
    merchant = merchant_by_ref(reach.merchant_ref) if reach.merchant_ref else None
    offer = offer_by_ref(reach.offer_ref) if reach.offer_ref else None
    wrong = {
        "region": reach.region_ref and region is None,
        "category": reach.category and reach.category not in slugs,
        "merchant": reach.merchant_ref and merchant is None,
        "offer": reach.offer_ref and (offer is None or reach.merchant_ref not in ("", offer.merchant_ref)),
    }
    for field, is_wrong in wrong.items():
        if is_wrong:
            raise ReachUnknown(field=field)
    if offer:
        return {offer.price.unit}
    if region is None and merchant:
        region = regions.region_by_id(merchant.region_id)
    return {region.currency} if region else set(regions.currencies())


def _columns(draft: RuleDraft) -> dict[str, Any]:
    reach, terms = draft.reach, draft.terms
    return {
        "region_ref": reach.region_ref,
        "merchant_ref": reach.merchant_ref,
        "category": reach.category,
        "offer_ref": reach.offer_ref,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
        "rate_ppm": terms.rate_ppm,
        "fixed": terms.fixed,
        "minimum": terms.minimum,
        "unit": terms.unit,
        "free_months": terms.free_months,
        "bearer": terms.bearer.value,
        "provider_rate_ppm": terms.provider_rate_ppm,
        "provider_fixed": terms.provider_fixed,
        "tax_ppm": terms.tax_ppm,
        "note": clean(draft.note, limit=NOTE_LIMIT),
    }


def _told(draft: RuleDraft) -> dict[str, Any]:
    """What the log says of a rule: everything that is not empty, under the words the log has for it."""
    columns = _columns(draft)
    columns |= {"holds_from": columns.pop("starts_at"), "holds_until": columns.pop("ends_at")}
    columns |= {name: columns.pop(f"{name}_ref") for name in ("region", "merchant", "offer")}
    told = {name: value for name, value in columns.items() if value not in ("", 0, None) and name != "note"}
    return told | {"rate_ppm": columns["rate_ppm"]}
