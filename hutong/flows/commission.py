"""The commission of a sale by the rule that counts, and what a rule would have made of last month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.fees import queries as fees
from hutong.pay.fees.rules import charge, counting, default_rule
from hutong.pay.fees.services import check_draft
from hutong.pay.fees.types import Charge, Facts, Held, Rule, RuleDraft
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import ChargedLines
from hutong.pay.pricing.types import SoldLine
from hutong.town.merchants.queries import names_of
from hutong.town.regions.queries import default_region


@dataclass(frozen=True, slots=True)
class Deals:
    """A rule that counts for deals of a merchant, and which of them; `facts` are those of the first."""

    rule: Rule
    facts: Facts
    offer_refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule would have made of one merchant's sales in a month, beside what was kept of them.

    The rest of the merchant's sales, for which another rule counts, is not in here.
    """

    merchant_ref: str
    names: Mapping[str, str]
    units: int
    sold: Money
    kept: Money
    would_keep: Money

    @property
    def more(self) -> Money:
        """What it would have cost the merchant more; below nothing when less."""
        return self.would_keep - self.kept


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule tried on the month that begins at `month`, the merchants it would have touched most first."""

    month: date
    merchants: tuple[Tried, ...]
    totals: tuple[Tried, ...]
    """One for each currency; without a merchant."""


def charging(offer_refs: Iterable[str], *, at: datetime) -> Callable[[SoldLine], Charge]:
    """What says what is kept of a line with one of these deals that is sold at `at`, once it has its price.

    One statement, here; what is returned asks nobody.
    """
    held, default = fees.held(offer_refs, at), _default()
    return lambda line: _charge(line, held[line.offer_ref], default)


def of_offers(offer_refs: Iterable[str], *, at: datetime) -> list[Deals]:
    """Which rule counts for each of these deals, alike ones together, the rule of the most deals first."""
    default = _default()
    found: dict[str, Deals] = {}
    for ref, held in fees.held(offer_refs, at).items():
        rule = counting(held.rules, held.facts, default)
        known = found.get(rule.ref) or Deals(rule, held.facts, ())
        found[rule.ref] = replace(known, offer_refs=(*known.offer_refs, ref))
    return sorted(found.values(), key=lambda deals: (-len(deals.offer_refs), -deals.rule.number))


def of_deal(
    merchant_ref: str, store_ref: str, offer_ref: str, unit: str, *, at: datetime
) -> tuple[Rule, Facts] | None:
    """Which rule counts for a merchant's deal, or with "" for one it would make in a shop; None for an unknown
    merchant. One statement."""
    if offer_ref:
        held = fees.held([offer_ref], at).get(offer_ref)
        return (counting(held.rules, held.facts, _default()), held.facts) if held else None
    by_shop = fees.held_by_shop(merchant_ref, at)
    held = by_shop.get(store_ref) or next(iter(by_shop.values()), None)
    if held is None:
        return None
    facts = replace(held.facts, offer_ref="", unit=unit or held.facts.unit)
    rules = [rule for rule in held.rules if not rule.reach.offer_ref]
    return counting(rules, facts, _default()), facts


def try_rule(*, draft: RuleDraft, at: datetime, replaces_ref: str = "") -> Trial:
    """What the rule would have made of what was sold in the last whole calendar month, had it held then beside the
    rules that will hold when it begins (without the one it replaces).

    Reads only: two statements for the sales and their rules, beside those of the check and of names. Raises what
    `fees.services.check_draft` raises.
    """
    check_draft(draft=draft, at=at)
    reach = draft.reach
    region = default_region()
    this_month = clock.local(at, region.zone if region else settings.TIME_ZONE).date().replace(day=1)
    month = (this_month - timedelta(days=1)).replace(day=1)
    sold = orders.charged(month, this_month, merchant_ref=reach.merchant_ref, offer_ref=reach.offer_ref)
    held = fees.held({lines.offer_ref for lines in sold}, draft.starts_at)
    tried = Rule("cru_tried", _newest(held), reach, draft.terms, draft.starts_at, draft.ends_at)
    default = _default()
    touched: dict[tuple[str, str], list[tuple[ChargedLines, Charge]]] = {}
    for lines in sold:
        would = _would(lines, held[lines.offer_ref], tried, replaces_ref, default)
        if would is not None:
            touched.setdefault((lines.merchant_ref, lines.price_each.unit), []).append((lines, would))
    names = names_of({merchant_ref for merchant_ref, _unit in touched})
    merchants = [_sum(ref, names[ref], unit, pairs) for (ref, unit), pairs in touched.items()]
    return Trial(
        month=month,
        merchants=tuple(sorted(merchants, key=lambda each: (-abs(each.more.minor), each.merchant_ref))),
        totals=tuple(_totals(touched)),
    )


def _default() -> Rule:
    return default_rule(settings.HUTONG_COMMISSION_PPM)


def _charge(line: SoldLine, held: Held, default: Rule) -> Charge:
    rule = counting(held.rules, held.facts, default)
    return charge(rule, held.facts, line.price, units=line.units)


def _newest(held: Mapping[str, Held]) -> int:
    """A number above that of every rule there is, as the tried one would have."""
    return 1 + max((rule.number for each in held.values() for rule in each.rules), default=0)


def _would(lines: ChargedLines, held: Held, tried: Rule, replaces_ref: str, default: Rule) -> Charge | None:
    """What the tried rule makes of one of alike lines; None where another counts."""
    facts = replace(held.facts, on=lines.sold_on, unit=lines.price_each.unit)
    others = [rule for rule in held.rules if rule.ref != replaces_ref]
    rule = counting([*others, tried], facts, default)
    if rule.ref != tried.ref:
        return None
    return charge(rule, facts, lines.price_each, units=lines.units_each)


def _sum(
    merchant_ref: str, names: Mapping[str, str], unit: str, pairs: Iterable[tuple[ChargedLines, Charge]]
) -> Tried:
    units, sold, kept, would = 0, Money(0, unit), Money(0, unit), Money(0, unit)
    for lines, each in pairs:
        units += lines.units_each * lines.lines
        sold += lines.price_each * lines.lines
        kept += lines.kept
        would += each.kept * lines.lines
    return Tried(merchant_ref, names, units=units, sold=sold, kept=kept, would_keep=would)


def _totals(touched: Mapping[tuple[str, str], list[tuple[ChargedLines, Charge]]]) -> Iterable[Tried]:
    for currency in sorted({unit for _ref, unit in touched}):
        yield _sum(
            "",
            {},
            currency,
            (pair for (_ref, unit), pairs in touched.items() if unit == currency for pair in pairs),
        )
