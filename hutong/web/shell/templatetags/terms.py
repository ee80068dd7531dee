"""The terms of a voucher as templates show them."""

from django import template
from django.utils.translation import get_language

from hutong.flows import terms_words
from hutong.flows.special_prices import words
from hutong.flows.terms_words import TermsLine, lines, refund_words
from hutong.pay.groups.types import Terms as GroupTerms
from hutong.town.catalog.types import OfferDraft, OfferView
from hutong.visit.vouchers.types import Terms

register = template.Library()


@register.filter
def terms_lines(terms: Terms) -> list[TermsLine]:
    """The lines of the terms, each with its icon."""
    return lines(terms)


@register.filter
def group_lines(groups: GroupTerms | None) -> list[TermsLine]:
    """What is promised to who buys together, a line each; none for nothing."""
    return terms_words.group_lines(groups, get_language() or "en") if groups else []


@register.filter
def refund_promise(terms: Terms) -> tuple[str, str]:
    """The promise of a refund: a headline, and what it means."""
    return refund_words(terms)


@register.filter
def price_lines(deal: OfferView | OfferDraft) -> list[str]:
    """The prices of a deal by quantity and by hours, one a line, and what binds."""
    return words(deal.special_prices, bind=deal.steps_bind)
