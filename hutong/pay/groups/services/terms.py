"""What an offer promises to who buys together."""

from __future__ import annotations

from datetime import datetime

from hutong.kernel.money import Money
from hutong.pay.groups import queries, rules
from hutong.pay.groups.models import GroupTerms
from hutong.pay.groups.services.errors import TermsInvalid
from hutong.pay.groups.types import Terms


def set_terms(*, offer_ref: str, terms: Terms, price: Money, at: datetime) -> None:
    """Say what is promised from `at` on to who buys an offer of `price` together; groups that are open keep theirs.

    A row is added where something changes, so the same terms again change nothing. Raises `TermsInvalid`.
    """
    found = rules.faults(terms, price=price)
    if found:
        raise TermsInvalid(faults=found)
    if queries.terms_of(offer_ref, unit=price.unit) == terms:
        return
    GroupTerms.objects.update_or_create(
        offer_ref=offer_ref, since=at, defaults={"unit": price.unit, "said": rules.to_json(terms)}
    )
