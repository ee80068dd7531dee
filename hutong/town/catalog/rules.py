"""Pure decisions about offers: their moves, whether they may be bought, what a draft must say."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hutong.kernel.money import Money
from hutong.town.catalog.types import (
    OfferDraft,
    OfferEvent,
    OfferMove,
    OfferState,
    OfferView,
    SpecialPrice,
)
from hutong.town.contents.rules import TAKE_BACK_WITHIN

OFFER_TRANSITIONS: Mapping[tuple[OfferState, OfferEvent], OfferState] = {
    (OfferState.DRAFT, OfferEvent.SUBMIT): OfferState.SUBMITTED,
    (OfferState.REJECTED, OfferEvent.SUBMIT): OfferState.SUBMITTED,
    (OfferState.SUBMITTED, OfferEvent.APPROVE): OfferState.LIVE,
    (OfferState.SUBMITTED, OfferEvent.REJECT): OfferState.REJECTED,
    (OfferState.SUBMITTED, OfferEvent.WITHDRAW): OfferState.DRAFT,
    (OfferState.LIVE, OfferEvent.PAUSE): OfferState.PAUSED,
    (OfferState.PAUSED, OfferEvent.RESUME): OfferState.LIVE,
    (OfferState.LIVE, OfferEvent.END): OfferState.ENDED,
    (OfferState.PAUSED, OfferEvent.END): OfferState.ENDED,
    # An end is undone by going back to where the offer was.
    (OfferState.ENDED, OfferEvent.RESUME): OfferState.LIVE,
    (OfferState.ENDED, OfferEvent.PAUSE): OfferState.PAUSED,
    # The operator may take an offer off the site that was approved before.
    (OfferState.LIVE, OfferEvent.REJECT): OfferState.REJECTED,
    (OfferState.PAUSED, OfferEvent.REJECT): OfferState.REJECTED,
}

# What nobody can buy yet is rewritten as it stands; what was approved is changed by a version of its contents.
REWRITABLE = frozenset({OfferState.DRAFT, OfferState.REJECTED})
REVISED = frozenset({OfferState.LIVE, OfferState.PAUSED, OfferState.ENDED})

# Promises an offer may carry; the pages have a label for each.
TAGS = (
    "refund_any_time",
    "no_booking",
    "book_ahead",
    "weekends_too",
    "new_customers",
    "takeaway",
    "group_price",
)

MAX_TITLE = 120
MAX_DESCRIPTION = 2_000
MAX_INCLUDES = 40
MAX_STORES = 500
MAX_PART = 120
# Ten million of any currency's major unit with three decimals: more is a slip of the finger.
MAX_PRICE_MINOR = 10**10
MAX_SPECIAL_PRICES = 6
MAX_FROM_QUANTITY = 100
_WEEK = frozenset(range(1, 8))
MAX_SKETCHES = 50
MAX_SKETCH_LENGTH = 100_000


def next_state(state: OfferState, event: OfferEvent) -> OfferState | None:
    """The state after `event`, or None when the table knows no such move."""
    return OFFER_TRANSITIONS.get((state, event))


def may_take_back(last: OfferMove, state: OfferState, *, at: datetime) -> bool:
    """Whether the last move of an offer was an operator's decision that is young enough to be taken back."""
    decisions = {
        (start, end)
        for (start, event), end in OFFER_TRANSITIONS.items()
        if event in (OfferEvent.APPROVE, OfferEvent.REJECT)
    }
    is_decision = (last.from_state, last.to_state) in decisions
    return is_decision and last.to_state is state and timedelta() <= at - last.at <= TAKE_BACK_WITHIN


def may_be_bought(offer: OfferView, at: datetime) -> bool:
    """Whether a shopper may buy the offer at this moment: live, within its time, and somewhere to use it.

    Stock is not asked here; it is taken, or not, when the order is placed.
    """
    return (
        offer.state is OfferState.LIVE
        and offer.merchant_approved
        and offer.starts_at <= at
        and (offer.ends_at is None or at < offer.ends_at)
        and any(store.open for store in offer.stores)
    )


def faults(draft: OfferDraft) -> list[str]:
    """What is wrong with a draft, as stable codes in the order of the form; empty when it may be stored."""
    found = []
    if not any(title.strip() for title in draft.titles.values()):
        found.append("title_missing")
    if any(len(title) > MAX_TITLE for title in draft.titles.values()):
        found.append("title_long")
    if any(len(text) > MAX_DESCRIPTION for text in draft.descriptions.values()):
        found.append("description_long")
    if draft.list_price.unit != draft.price.unit:
        found.append("unit_mixed")
    elif not 0 < draft.price.minor <= draft.list_price.minor <= MAX_PRICE_MINOR:
        found.append("price_out_of_range")
    if draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        found.append("ends_before_start")
    if len(draft.includes) > MAX_INCLUDES or any(include.quantity < 1 for include in draft.includes):
        found.append("includes_wrong")
    if any(
        include.value is not None and include.value.unit != draft.price.unit for include in draft.includes
    ):
        found.append("includes_unit_mixed")
    if any(len(name) > MAX_PART for include in draft.includes for name in include.names.values()):
        found.append("includes_long")
    if not set(draft.tags) <= set(TAGS):
        found.append("tag_unknown")
    if draft.per_person_limit is not None and draft.per_person_limit < 1:
        found.append("limit_wrong")
    if not 0 <= draft.hue < 360:
        found.append("hue_wrong")
    return found + special_faults(draft.price, draft.special_prices)


def special_faults(price: Money, specials: Sequence[SpecialPrice]) -> list[str]:
    """What is wrong with the special prices of an offer at this price, as stable codes; each says one thing.

    Each is lower than the price, and than what fewer pieces cost at the same hours: otherwise it would never count.
    """
    found = []
    if len(specials) > MAX_SPECIAL_PRICES:
        found.append("special_too_many")
    if any(special.price.unit != price.unit for special in specials):
        return [*found, "unit_mixed"]
    if any(not 0 < special.price.minor < price.minor for special in specials):
        found.append("special_not_lower")
    if any(not 1 <= special.from_quantity <= MAX_FROM_QUANTITY for special in specials):
        found.append("special_quantity")
    if any(special.from_quantity == 1 and not special.windows for special in specials):
        found.append("special_for_all")
    if any(not window.weekdays <= _WEEK for special in specials for window in special.windows):
        found.append("special_days")
    if any(
        place != number
        and one.windows == other.windows
        and one.from_quantity <= other.from_quantity
        and one.price.minor <= other.price.minor
        for place, one in enumerate(specials)
        for number, other in enumerate(specials)
    ):
        found.append("special_never_counts")
    return found
