"""What may be seen on the site: merchants and deals are approved or refused, deals go on and off.

Each of these writes its history in town and, in the same transaction, asks for the rows of search to be made
again; so what people find follows within seconds, and a decision that fails leaves nothing behind.
"""

from datetime import datetime

from django.db import transaction

from hutong.kernel import outbox
from hutong.town.catalog import services as catalog
from hutong.town.merchants import services as merchants
from hutong.town.merchants.queries import stores_of_merchant
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock


def approve_merchant(*, merchant_ref: str, approve: bool, reason: str, by: Person, at: datetime) -> None:
    """The operator's word on a merchant, with its reason; the merchant's stores are made findable anew.

    No also suspends an approved merchant, whose deals then leave the search. Raises what
    `merchants.services.decide_merchant` raises.
    """
    with transaction.atomic():
        merchants.decide_merchant(merchant_ref=merchant_ref, approve=approve, reason=reason, by=by, at=at)
        for store in stores_of_merchant(merchant_ref):
            outbox.send("index_store", at=at, store_ref=store.ref)


def approve_offer(*, offer_ref: str, approve: bool, reason: str, by: Person, at: datetime) -> None:
    """The operator's word on a deal, with its reason. Raises what `catalog.services.decide_offer` raises."""
    with transaction.atomic():
        catalog.decide_offer(offer_ref=offer_ref, approve=approve, reason=reason, by=by, at=at)
        if approve:
            stock.start_counting(offer_ref=offer_ref, by=by.public_id, at=at)
        outbox.send("index_offer", at=at, offer_ref=offer_ref)


def switch_offer(*, offer_ref: str, on: bool, by: Person, at: datetime) -> None:
    """The merchant's switch of an approved deal: on sale, or paused; what was sold stays good.

    Raises what `catalog.services.pause_offer` and `resume_offer` raise.
    """
    switch = catalog.resume_offer if on else catalog.pause_offer
    with transaction.atomic():
        switch(offer_ref=offer_ref, by=by, at=at)
        outbox.send("index_offer", at=at, offer_ref=offer_ref)
