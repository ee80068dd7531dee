"""A store's own people change what shoppers read at once: its facts and its hours; search follows."""

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit, outbox
from hutong.kernel.errors import NotFound
from hutong.town.merchants.services import facts as store_facts
from hutong.town.merchants.services import hours as store_hours
from hutong.town.merchants.types import StoreFacts
from hutong.town.people.models import Person


def set_facts(*, store_ref: str, facts: StoreFacts, by: Person, at: datetime) -> bool:
    """Names, category, contacts and place of a store; whether anything changed. Raises what the service raises."""
    with transaction.atomic():
        changed = store_facts.set_facts(store_ref=store_ref, facts=facts, by=by, at=at)
        if changed:
            outbox.send("index_store", at=at, store_ref=store_ref)
    return changed


def set_hours(*, store_ref: str, hours: str, by: Person, at: datetime) -> bool:
    """Opening hours of a store; whether anything changed. Raises what the service raises."""
    with transaction.atomic():
        changed = store_hours.set_hours(store_ref=store_ref, hours=hours, by=by, at=at)
        if changed:
            outbox.send("index_store", at=at, store_ref=store_ref)
    return changed


def hours_history(store_ref: str, limit: int = 6) -> tuple[audit.Entry, ...]:
    """The last changes of a store's hours, the newest first, each with the text before and after."""
    return audit.search(action=store_hours.HOURS_CHANGED, subject=store_ref, limit=limit).entries


def bring_hours_back(*, store_ref: str, entry_ref: str, by: Person, at: datetime) -> bool:
    """Set the hours that held before a change of the history. Raises `NotFound` and what the service raises."""
    entry = next((one for one in hours_history(store_ref, limit=50) if one.ref == entry_ref), None)
    if entry is None:
        raise NotFound
    return set_hours(store_ref=store_ref, hours=str(entry.changes["opening_hours"][0]), by=by, at=at)
