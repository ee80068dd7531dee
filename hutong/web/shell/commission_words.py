"""Commission rules in words that people understand: what for, how much, and why it was asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hutong.kernel.money import Money, format_money
from hutong.pay.fees.rules import free_until, read_reason
from hutong.pay.fees.types import Bearer, Facts, Reach, Rule, Scope, Terms
from hutong.web.shell.subjects import subject_names
from hutong.web.shell.templatetags.hutong import locale
from hutong.web.shell.typed import percent


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule as people read it: what it is for, what it asks, and the rest of what it says."""

    rule: Rule
    title: str
    asks: str
    more: tuple[str, ...]


def in_words(rules: Iterable[Rule]) -> list[RuleWords]:
    """Each rule in words; names are read together: one statement for each kind of thing that is named."""
    listed = list(rules)
    names = subject_names({ref for rule in listed for ref in _refs(rule.reach)})
    return [rule_words(rule, names) for rule in listed]


def rule_words(rule: Rule, names: Mapping[str, str]) -> RuleWords:
    """One rule, with the names of what it is for; what has no name any more is told by its number."""
    return RuleWords(rule, reach_words(rule.reach, names), asked_words(rule.terms), tuple(_more(rule.terms)))


def reach_words(reach: Reach, names: Mapping[str, str]) -> str:
    """Which deals a rule is for."""
    told = {
        "deal": names.get(reach.offer_ref, reach.offer_ref),
        "shop": names.get(reach.merchant_ref, reach.merchant_ref),
        "category": names.get(f"category:{reach.category}", reach.category),
    }
    sentences = {
        Scope.OFFER: _("The deal “%(deal)s”"),
        Scope.MERCHANT_IN_CATEGORY: _("Deals of %(shop)s in %(category)s"),
        Scope.MERCHANT: _("Deals of %(shop)s"),
        Scope.CATEGORY: _("Deals in %(category)s"),
        Scope.REGION: _("All deals"),
        Scope.EVERYTHING: _("All deals"),
    }
    sentence = sentences[reach.scope] % told
    if not reach.region_ref:
        return sentence
    region = names.get(reach.region_ref, reach.region_ref)
    return _("%(deals)s · %(region)s") % {"deals": sentence, "region": region}


def asked_words(terms: Terms) -> str:
    """The commission alone, such as `8% and €0.20 for each use, at least €0.50`."""
    parts = []
    if terms.rate_ppm or not (terms.fixed or terms.minimum):
        parts.append(percent(terms.rate_ppm))
    if terms.fixed:
        parts.append(_("%(amount)s for each use") % {"amount": _amount(terms.fixed, terms.unit)})
    asked = _(" and ").join(parts)
    if terms.minimum:
        least = _("at least %(amount)s for each use") % {"amount": _amount(terms.minimum, terms.unit)}
        asked = _("%(asked)s, %(least)s") % {"asked": asked, "least": least} if asked else least
    return asked


def why(rule: Rule, facts: Facts) -> str:
    """Why a shop pays this commission, in a sentence for the shop."""
    return _sentence(rule.reach.scope, free_until(rule, facts))


def why_then(reason: str) -> str:
    """Why a shop paid the commission of something that was sold, by the stable words kept with it."""
    read = read_reason(reason)
    return _sentence(read.scope or Scope.EVERYTHING, read.free_until)


def _sentence(scope: Scope, free: date | None) -> str:
    if free:
        return _("No commission until %(day)s: your first months are free.") % {
            "day": format_date(free, "long", locale=locale())
        }
    reasons = {
        Scope.OFFER: _("Agreed for this deal."),
        Scope.MERCHANT_IN_CATEGORY: _("Agreed with your shop for this category."),
        Scope.MERCHANT: _("Agreed with your shop."),
        Scope.CATEGORY: _("The commission of this category."),
        Scope.REGION: _("The commission in your region."),
        Scope.EVERYTHING: _("The usual commission."),
    }
    return reasons[scope]


def _more(terms: Terms) -> Iterable[str]:
    if terms.free_months:
        yield ngettext(
            "free in a shop's first month", "free in a shop's first %(n)s months", terms.free_months
        ) % {"n": terms.free_months}
    if terms.tax_ppm is None:
        yield _("tax as the next more general rule says")
    else:
        yield (
            _("tax on it %(rate)s") % {"rate": percent(terms.tax_ppm)} if terms.tax_ppm else _("no tax on it")
        )
    yield _bearer(terms)


def _bearer(terms: Terms) -> str:
    if terms.bearer is Bearer.PLATFORM:
        return _("the platform bears the payment service's fee")
    parts = [percent(terms.provider_rate_ppm)] if terms.provider_rate_ppm or not terms.provider_fixed else []
    if terms.provider_fixed:
        parts.append(_amount(terms.provider_fixed, terms.unit))
    return _("the shop bears the payment service's fee, taken as %(fee)s") % {"fee": _(" and ").join(parts)}


def _amount(minor: int, unit: str) -> str:
    return format_money(Money(minor, unit), locale())


def _refs(reach: Reach) -> Iterable[str]:
    yield from (ref for ref in (reach.region_ref, reach.merchant_ref, reach.offer_ref) if ref)
    if reach.category:
        yield f"category:{reach.category}"
