"""What a process of the orders bench can do: the three steps of an order that move money, by the flows themselves."""

from __future__ import annotations

from typing import Any

from hutong.flows import checkout, payment_received, redeem
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments.types import PaymentReport, ReportStatus
from hutong.town.people.models import Person

_people: dict[str, Person] = {}


def ready() -> None:
    """Know the shoppers, as a page knows who is signed in."""
    _people.update({person.public_id: person for person in Person.objects.all()})


def place(wanted: tuple[str, str, str, str, str]) -> str:
    """Order one deal at the price shown; the order."""
    person, offer, store, shown_hash, key = wanted
    placed = checkout.place(
        person=_people[person],
        wants={offer: 1},
        store_ref=store,
        shown_hash=shown_hash,
        client_key=key,
        remember_consent=True,
        at=clock.now(),
    )
    return placed.order_ref


def capture(told: tuple[str, int, str]) -> str:
    """The provider says that a payment was captured."""
    payment_ref, minor, unit = told
    report = PaymentReport(payment_ref, ReportStatus.DONE, Money(minor, unit), f"prv_{payment_ref}")
    outcome = payment_received.record(report=report, at=clock.now())
    assert outcome == "paid", outcome
    return outcome


def scan(shown: tuple[str, str, str]) -> str:
    """A paired phone redeems a code."""
    code, device_ref, nonce = shown
    actor = redeem.actor_for(device_ref=device_ref)
    return redeem.redeem(
        wanted=redeem.Wanted(code), actor=actor, nonce=nonce, address="127.0.0.1", at=clock.now()
    ).redemption_ref


STEPS: dict[str, Any] = {"place": place, "capture": capture, "redeem": scan}
