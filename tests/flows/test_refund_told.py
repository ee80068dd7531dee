"""What a shopper is told of a refund: how much, and where each part of it is."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import jobs, refund
from hutong.pay.payments import services as payments
from hutong.pay.payments.types import RefundReport, ReportStatus
from hutong.town.notifications.models import Notification
from hutong.town.notifications.queries.texts import text_of
from hutong.town.notifications.types import Kind
from tests.factories import giftcards
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def told(shop: Scene) -> list[tuple[str, str, str]]:
    """Kind, title and body of what the shopper was told of refunds, in English."""
    jobs.drain()
    found = Notification.objects.filter(person__pk=shop.shopper.pk, kind__startswith="refund").order_by("pk")
    texts = [(one.kind, text_of(Kind(one.kind), one.params, "en")) for one in found]
    return [(kind, text.title, text.body) for kind, text in texts]


def asked(shop: Scene, at: datetime, from_balance: int) -> str:
    """A refund of an order for 19.90 that gift cards paid in part; its ref."""
    if from_balance:
        giftcards.card(5000, holder=shop.shopper, at=at)
    placed = shop.order(from_balance=from_balance)
    if placed.to_pay:
        assert shop.money_arrives(placed) == "paid"
    return refund._request(placed.order_ref, None, "", shop.shopper, False, at).ref


def test_both_parts_are_told_once_the_provider_has_sent_its_own(at: datetime) -> None:
    shop = scene(at=at)
    ref = asked(shop, at, 500)
    assert told(shop) == []
    refund.finish(report=RefundReport(ref, ReportStatus.DONE, "prv"), at=at)
    ((kind, title, body),) = told(shop)
    assert (kind, title) == ("refund_in_parts", "Refunded: €19.90")
    assert body == (
        "Kahvila Oy: €5.00 is on your gift card again. €14.90 is on its way to where it came from; "
        "banks take a few days."
    )
    (note,) = Notification.objects.filter(kind=kind)
    said = text_of(Kind(note.kind), note.params, "zh-hans")
    assert "€5.00" in said.body
    assert "礼品卡" in said.body


def test_what_cards_paid_is_there_at_once_and_no_bank_is_named(at: datetime) -> None:
    shop = scene(at=at)
    asked(shop, at, 1990)
    ((kind, title, body),) = told(shop)
    assert (kind, title) == ("refund_to_card", "Refunded: €19.90")
    assert "bank" not in body


def test_what_could_not_be_sent_hides_not_what_is_on_the_card(at: datetime) -> None:
    shop = scene(at=at)
    ref = asked(shop, at, 500)
    refund.finish(report=RefundReport(ref, ReportStatus.FAILED, None, "card closed"), at=at)
    assert [(kind, title) for kind, title, _body in told(shop)] == [
        ("refund_to_card", "Refunded: €5.00"),
        ("refund_failed", "Your refund is delayed"),
    ]
    again = payments.request_again(refund_ref=ref, at=at)
    refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "prv"), at=at)
    assert told(shop)[-1][:2] == ("refund_in_parts", "Refunded: €19.90")


def test_without_a_card_nothing_is_said_of_one(at: datetime) -> None:
    shop = scene(at=at)
    refund.finish(report=RefundReport(asked(shop, at, 0), ReportStatus.DONE, "prv"), at=at)
    ((kind, title, body),) = told(shop)
    assert (kind, title) == ("refund_done", "Refunded: €19.90")
    assert "gift card" not in body
