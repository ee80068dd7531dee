"""Which rule counts, and what it makes of a price. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from hutong.kernel.money import Money
from hutong.pay.fees.types import Bearer, Charge, Facts, Reach, Reason, Rule, Scope, Terms

PPM = 1_000_000
MOST_MONTHS = 120
DEFAULT = "default"

_REASON = re.compile(r"^(?:free until (?P<until>\d{4}-\d{2}-\d{2}) )?rule (?P<ref>cru_\w+) (?P<scope>\w+)$")


def default_rule(rate_ppm: int) -> Rule:
    """The site's own rate as the rule that counts where no other does: nothing but a percentage, without tax."""
    always = datetime.min.replace(tzinfo=UTC)
    return Rule("", 0, Reach(), Terms(rate_ppm=rate_ppm, tax_ppm=0), starts_at=always, ends_at=None)


def fits(rule: Rule, facts: Facts) -> bool:
    """Whether the rule is for this sale, whenever it holds. Amounts fit only a sale in their own currency."""
    reach = rule.reach
    return (
        reach.offer_ref in ("", facts.offer_ref)
        and reach.merchant_ref in ("", facts.merchant_ref)
        and reach.region_ref in ("", facts.region_ref)
        and (not reach.category or reach.category in facts.categories)
        and rule.terms.unit in ("", facts.unit)
    )


def most_specific(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """The one of `rules`, all of which hold, that counts for the sale; None when none is for it.

    A deal before a merchant's category, before a merchant, before a category, before a region, before all; a
    category before the group it is in; the same with a region before without; then the newest.
    """
    return max(
        (rule for rule in rules if fits(rule, facts)), key=lambda rule: _rank(rule, facts), default=None
    )


def counting(rules: Iterable[Rule], facts: Facts, default: Rule) -> Rule:
    """The rule that counts with its rate of tax filled in: its own, or that of the most specific rule that says one."""
    fitting = [rule for rule in rules if fits(rule, facts)]
    chosen = most_specific(fitting, facts) or default
    if chosen.terms.tax_ppm is not None:
        return chosen
    taxed = most_specific([rule for rule in fitting if rule.terms.tax_ppm is not None], facts) or default
    return replace(chosen, terms=replace(chosen.terms, tax_ppm=taxed.terms.tax_ppm or 0))


def charge(rule: Rule, facts: Facts, price: Money, *, units: int = 1) -> Charge:
    """What is kept of a line of `units` sold for `price` in all, by a rule from `counting`.

    commission = the larger of `rate` of the price (rounded half up) + `fixed` for each unit, and `minimum` for each
    unit; nothing in the merchant's free months. Tax comes on top of it. The provider's fee is kept where the
    merchant bears it, in free months, too. Never more than the price in all: what is too much is taken off the fee
    first, then off commission and tax in proportion.
    """
    terms, nothing = rule.terms, Money(0, price.unit)
    free = free_until(rule, facts)
    commission = nothing
    if not free:
        asked = price.share(terms.rate_ppm) + Money(terms.fixed * units, price.unit)
        commission = max(asked, Money(terms.minimum * units, price.unit), key=lambda money: money.minor)
    tax_ppm = terms.tax_ppm or 0
    tax = commission.share(tax_ppm)
    if commission + tax > price:
        commission = Money((2 * price.minor * PPM + PPM + tax_ppm) // (2 * (PPM + tax_ppm)), price.unit)
        tax = price - commission
    fee = nothing
    if terms.bearer is Bearer.MERCHANT and price:
        fee = price.share(terms.provider_rate_ppm) + Money(terms.provider_fixed, price.unit)
        fee = min(fee, price - commission - tax, key=lambda money: money.minor)
    return Charge(commission, tax, fee, 0 if free else terms.rate_ppm, _reason(rule, free))


def free_until(rule: Rule, facts: Facts) -> date | None:
    """The first day that is not free any more, for a sale in the merchant's free months; None for another."""
    if not rule.terms.free_months or facts.joined_on is None:
        return None
    until = months_after(facts.joined_on, rule.terms.free_months)
    return until if facts.on < until else None


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of that month when it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def read_reason(text: str) -> Reason:
    """What a unit's stored reason says; everything unknown counts as the default."""
    found = _REASON.match(text)
    if found is None or found["scope"] not in set(Scope):
        return Reason()
    until = date.fromisoformat(found["until"]) if found["until"] else None
    return Reason(rule_ref=found["ref"], scope=Scope(found["scope"]), free_until=until)


def _reason(rule: Rule, free: date | None) -> str:
    if not rule.ref:
        return DEFAULT
    named = f"rule {rule.ref} {rule.reach.scope.value}"
    return f"free until {free.isoformat()} {named}" if free else named


def _rank(rule: Rule, facts: Facts) -> tuple[int, int, int, int, int]:
    """Sorts by what the rule names, then by age."""
    reach = rule.reach
    category = len(facts.categories) - facts.categories.index(reach.category) if reach.category else 0
    return (
        1 if reach.offer_ref else 0,
        1 if reach.merchant_ref else 0,
        category,
        1 if reach.region_ref else 0,
        rule.number,
    )
