"""A store's own people change what shoppers read at once: its facts and its hours; search follows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hutong.kernel import audit, outbox
from hutong.kernel.errors import NotFound
from hutong.town.contents import queries as contents
from hutong.town.contents.types import RevisionState, RevisionView
from hutong.town.merchants.services import facts as store_facts
from hutong.town.merchants.services import hours as store_hours
from hutong.town.merchants.types import StoreFacts, StoreView
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


@dataclass(frozen=True, slots=True)
class WorkingTexts:
    """The version of a store's texts that is worked on: what waits or was refused, else what shoppers read."""

    descriptions: dict[str, str]
    newest: RevisionView | None

    @property
    def waits(self) -> bool:
        """Whether the operator has yet to decide about it."""
        return self.newest is not None and self.newest.state is RevisionState.WAITING

    @property
    def refused(self) -> bool:
        """Whether the operator said no to it."""
        return self.newest is not None and self.newest.state is RevisionState.REJECTED


def working_texts(store: StoreView) -> WorkingTexts:
    """The texts of a store as its people last wrote them, with what was decided about them."""
    newest = next(iter(contents.history(store.ref, limit=1)), None)
    if newest and newest.state in (RevisionState.WAITING, RevisionState.REJECTED):
        return WorkingTexts(newest.body["descriptions"], newest)
    return WorkingTexts(store.descriptions, newest)
