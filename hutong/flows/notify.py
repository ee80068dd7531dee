"""Telling people what happened: one line in the flow where it happens, the rest in a job.

A flow calls `notify` inside its transaction, which leaves one outbox row. The job finds who is to be told (the
table in `town.notifications.rules` says as what, and by which right), writes down what they are told, and asks
for the deliveries that leave the house.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel import budget, clock, outbox
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import RIGHTS
from hutong.town.merchants.types import Right
from hutong.town.notifications import services as notifications
from hutong.town.notifications.rules import KINDS
from hutong.town.notifications.types import Audience, Kind
from hutong.town.people.models import Person
from hutong.town.regions.queries import default_region

JOB = "notify"
TESTS_AN_HOUR = 10


def notify(
    kind: Kind,
    *,
    at: datetime,
    people: Collection[str] = (),
    merchant_ref: str = "",
    store_ref: str = "",
    subject_ref: str = "",
    params: Mapping[str, Any] | None = None,
    but: str = "",
    once: str = "",
) -> None:
    """Have people told of `kind` if this transaction commits; one statement.

    `people` are public ids: needed for shoppers' kinds, added to whoever the table names for others. Staff kinds
    need `merchant_ref`; with `store_ref` those are told, too, who have the right in that store alone. `but` is
    who did it and need not be told. `params` fill the text and name the page (see `rules.KINDS`): plain words and
    numbers, names by language, `money(...)`, `moment(...)`; no secret, no whole phone number. `once` names what
    happened where it may be noticed twice: nobody is told the same one again.
    """
    outbox.send(
        JOB,
        at=at,
        kind=kind.value,
        people=list(people),
        merchant_ref=merchant_ref,
        store_ref=store_ref,
        subject_ref=subject_ref,
        params=dict(params or {}),
        but=but,
        once=f"{kind.value}:{once}" if once else new_id("evt"),
        happened_at=at.isoformat(),
    )


def money(amount: Money) -> dict[str, Any]:
    """An amount as a param: written as people do when the text is made."""
    return {"minor": amount.minor, "unit": amount.unit}


def moment(at: datetime, zone: str) -> dict[str, str]:
    """A moment as a param, told in `zone`."""
    return {"at": at.isoformat(), "zone": zone}


def send_test(*, person: Person, at: datetime) -> None:
    """Tell a person, who asks for it, that it works; on every browser they turned push on in. Raises `TooMany`."""
    budget.spend(f"notify.test:{person.public_id}", limit=TESTS_AN_HOUR, window_s=60 * 60, at=at)
    with transaction.atomic():
        notify(Kind.TEST_MESSAGE, people=[person.public_id], at=at)


def fan_out(
    *,
    kind: str,
    people: list[str],
    merchant_ref: str,
    store_ref: str,
    subject_ref: str,
    params: dict[str, Any],
    but: str,
    once: str,
    happened_at: str,
) -> None:
    """The job behind `notify`: find who is told, and tell them. Again: nobody is told twice."""
    chosen = Kind(kind)
    told = {*people, *_by_table(chosen, merchant_ref, store_ref)} - {but}
    region = default_region()
    notifications.tell(
        kind=chosen,
        person_refs=sorted(told),
        params=params,
        once_key=once,
        zone=region.zone if region else "UTC",
        merchant_ref=merchant_ref,
        subject_ref=subject_ref,
        at=datetime.fromisoformat(happened_at),
    )


def deliver(*, delivery_ref: str) -> None:
    """The job behind every message that leaves the house; what failed is asked for again by the clock."""
    notifications.deliver(delivery_ref=delivery_ref, at=clock.now())


def _by_table(kind: Kind, merchant_ref: str, store_ref: str) -> set[str]:
    """Whom the table names: operators, or the merchant's people with the right (in the store, or everywhere)."""
    spec = KINDS[kind]
    if spec.audience is Audience.OPERATOR:
        operators = Person.objects.filter(is_operator=True, is_active=True)
        return set(operators.values_list("public_id", flat=True))
    if spec.audience is Audience.SHOPPER or not merchant_ref:
        return set()
    return {
        one.person_ref
        for one in merchants.staff_of(merchant_ref)
        if Right(spec.right) in RIGHTS[one.role] and one.store_ref in (None, store_ref or None)
    }
