"""The terms of a voucher as templates show them."""

from django import template

from hutong.flows.special_prices import words
from hutong.flows.terms_words import TermsLine, lines, refund_words
from hutong.town.catalog.types import OfferDraft, OfferView
from hutong.visit.vouchers.types import Terms

register = template.Library()


@register.filter
def terms_lines(terms: Terms) -> list[TermsLine]:
    """The lines of the terms, each with its icon."""
    return lines(terms)


@register.filter
def refund_promise(terms: Terms) -> tuple[str, str]:
    """The promise of a refund: a headline, and what it means."""
    return refund_words(terms)


@register.filter
def price_lines(deal: OfferView | OfferDraft) -> list[str]:
    """The prices of a deal by quantity and by hours, one a line, and what binds."""
    return words(deal.special_prices, bind=deal.steps_bind)
