"""What follows from a sign-in, by whatever door somebody came: a page, or the API.

They accept the site's texts as they stand, who is new gets the coupons for new people, their other devices learn of the
new one, and an erasure that the sign-in called off is told.
"""

from datetime import datetime

from django.db import transaction

from hutong.flows import accept_terms, discounts, tell
from hutong.town.people.models import Person


def browser(*, person: Person, sign_in_ref: str, at: datetime) -> None:
    """`person` has just entered a code on the page; `sign_in_ref` is the browser that was noted for it."""
    with transaction.atomic():
        _signed_in(person, "sign_in", at)
        tell.signed_in(person=person, sign_in_ref=sign_in_ref, at=at)


def program(*, person: Person, token_ref: str, at: datetime) -> None:
    """`person` has just entered a code in a program, which got a token of theirs for it."""
    with transaction.atomic():
        _signed_in(person, "api", at)
        tell.token_made(person=person, token_ref=token_ref, at=at)


def _signed_in(person: Person, source: str, at: datetime) -> None:
    accept_terms.accept(person=person, source=source, at=at)
    discounts.give_welcome(person=person, at=at)
    # Of the answer of `people.sign_in` alone: when the account would have ended.
    if person.erase_after:
        tell.erasure_cancelled(person=person, at=at)
