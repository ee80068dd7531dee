"""What the platform pays of a price: taken from it when the order is paid, given back to it when it is refunded."""

from datetime import timedelta

import pytest

from hutong.flows import books, checkout, payment_received, refund
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders.models import Line, Order
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Payment
from hutong.pay.pricing.rules import to_json
from hutong.pay.pricing.types import CartLine
from hutong.visit.vouchers import queries as vouchers
from tests.factories.loop import scene
from tests.factories.orders import promoted
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_platforms_part_goes_the_way_of_the_unit(sandbox: Sandbox) -> None:
    shop = scene(at=clock.now(), capacity=10)
    order_ref = shop.order(quantity=2).order_ref
    _promote(order_ref, Money(500, "EUR"))
    checkout.pay(
        order_ref=order_ref,
        person=shop.shopper,
        return_url="http://127.0.0.1:8000/",
        language="en",
        at=shop.at,
    )
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    sandbox.pay(payment.ref)
    payment_received.look(order_ref=order_ref, at=clock.now())

    assert _balances(shop.merchant.public_id) == (2 * 1990, 0, -1000)
    used, kept = vouchers.vouchers_of_order(order_ref, at=shop.at)
    shop.scan(used.code, at=clock.now())
    assert _balances(shop.merchant.public_id) == (1990, 1791, -1000)

    unit_refs = [use.unit_ref for use in kept.uses]
    given = refund.refund(
        order_ref=order_ref,
        unit_refs=unit_refs,
        reason="",
        by=shop.shopper,
        as_operator=False,
        at=clock.now(),
    )
    assert given.amount == Money(1490, "EUR")
    assert _balances(shop.merchant.public_id) == (0, 1791, -500)
    assert books.check(at=clock.now() + timedelta(seconds=1), ask_providers=False).problems == ()


def _promote(order_ref: str, part: Money) -> None:
    """Make it an order of which the platform pays a part of each unit; nothing on the site makes one yet."""
    line = Line.objects.get(order__public_id=order_ref)
    quote = promoted(
        CartLine(
            offer_ref=line.offer_ref,
            titles=line.titles,
            quantity=line.quantity,
            list_price=Money(3400, "EUR"),
            price=Money(1990, "EUR"),
            merchant_ref=Order.objects.get(public_id=order_ref).merchant.public_id,
        ),
        part * line.quantity,
    )
    Order.objects.filter(public_id=order_ref).update(quote=to_json(quote), total=quote.total.minor)
    Line.objects.filter(pk=line.pk).update(total=quote.total.minor)
    Payment.objects.filter(order_ref=order_ref).update(amount=quote.total.minor)


def _balances(merchant_ref: str) -> tuple[int, int, int]:
    """Unredeemed, payable, promotion in cents."""
    owners = {
        AccountKind.UNREDEEMED: merchant_ref,
        AccountKind.PAYABLE: merchant_ref,
        AccountKind.PROMOTION: PLATFORM,
    }
    unredeemed, payable, promotion = (balance(kind, owner, "EUR").minor for kind, owner in owners.items())
    return unredeemed, payable, promotion
