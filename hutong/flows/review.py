"""What an operator should look at before deciding: doubts about a deal, and what changed since the last word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.kernel.text import fold
from hutong.town.catalog.types import OfferState, OfferView
from hutong.town.contents.rules import difference
from hutong.town.contents.types import Change
from hutong.town.merchants import services as merchants
from hutong.town.people.models import Person

# A discount from which on a list price is looked at twice, in percent.
DEEP_DISCOUNT = 70
# How many entries of the log are folded into one difference.
MOST_ENTRIES = 200
_ON_SITE = (OfferState.LIVE, OfferState.PAUSED, OfferState.SUBMITTED)


class Doubt(StrEnum):
    """Why a deal should be looked at twice."""

    DEEP_DISCOUNT = "deep_discount"
    VALUES_DIFFER = "values_differ"
    LIST_PRICE_RAISED = "list_price_raised"
    SAME_DEAL = "same_deal"
    NO_TEXT = "no_text"
    ONE_LANGUAGE = "one_language"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt. `other` is the deal it is compared with; `amount` what was expected, `percent` a discount."""

    doubt: Doubt
    other: OfferView | None = None
    amount: Money | None = None
    percent: int = 0


def read_document(*, claim_ref: str, by: Person, at: datetime) -> tuple[Path, str] | None:
    """Where the document of a claim lies, and its media type, for an operator to save; None without one.

    It is somebody's paper, so that the log keeps who looked at it. Raises `Forbidden`.
    """
    if not by.is_operator:
        raise Forbidden
    found = merchants.claim_document(claim_ref)
    if found is not None:
        with transaction.atomic():
            audit.record(action="claim.document_read", subject=claim_ref, by=by.public_id, at=at)
    return found


def doubts(offer: OfferView, others: Sequence[OfferView], *, at: datetime) -> list[Finding]:
    """What does not fit, of a deal by itself and beside the merchant's other deals. Pure."""
    found = []
    if offer.discount_percent >= DEEP_DISCOUNT:
        found.append(Finding(Doubt.DEEP_DISCOUNT, percent=offer.discount_percent))
    worth = _worth(offer)
    if worth is not None and worth != offer.list_price:
        found.append(Finding(Doubt.VALUES_DIFFER, amount=worth))
    for other in others:
        if other.ref == offer.ref or not _same_title(offer, other):
            continue
        if other.list_price.unit == offer.list_price.unit and other.list_price.minor < offer.list_price.minor:
            found.append(Finding(Doubt.LIST_PRICE_RAISED, other=other, amount=other.list_price))
        if other.state in _ON_SITE:
            found.append(Finding(Doubt.SAME_DEAL, other=other))
    if not any(text.strip() for text in offer.descriptions.values()):
        found.append(Finding(Doubt.NO_TEXT))
    if len([title for title in offer.titles.values() if title.strip()]) < 2:
        found.append(Finding(Doubt.ONE_LANGUAGE))
    if offer.ends_at is not None and offer.ends_at <= at:
        found.append(Finding(Doubt.OVER))
    return found


def changes_since_decision(subject_ref: str, *, decided_at: datetime | None) -> list[Change]:
    """What a subject says differently since the operator's last word, by the log: the first value of each
    field against its newest. Empty before the first decision, and where nothing changed; one statement."""
    if decided_at is None:
        return []
    entries = audit.search(subject=subject_ref, since=decided_at, limit=MOST_ENTRIES).entries
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for entry in reversed(entries):
        for field, (old, new) in entry.changes.items():
            before.setdefault(field, old)
            after[field] = new
    moves = {"state"}
    return difference(_without(before, moves), _without(after, moves))


def _without(values: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _worth(offer: OfferView) -> Money | None:
    """What the parts cost together, if every one of them has a value."""
    if not offer.includes or any(part.value is None for part in offer.includes):
        return None
    values = [part.value * part.quantity for part in offer.includes if part.value is not None]
    return sum(values, Money(0, offer.price.unit))


def _same_title(one: OfferView, other: OfferView) -> bool:
    return bool(
        {fold(title) for title in one.titles.values() if title}
        & {fold(title) for title in other.titles.values() if title}
    )
