"""Days without a bill on the pages of bills and months: said by one operator, agreed on by another, with their money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hutong.flows import close_month, reconcile
from hutong.kernel import clock
from hutong.pay.payments.models import Payment
from hutong.pay.payments.types import Bill
from tests.factories import people
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db
PAGE = "/operator/bills/"


def text(answer: Any) -> str:
    """A page as its words, without line breaks."""
    return " ".join(answer.content.decode().split())


@pytest.mark.unbalanced("moves a payment into the past")
def test_one_says_that_there_is_no_bill_and_another_agrees() -> None:
    now = clock.now()
    order_ref = shop().scene.bought()[0].order_ref
    day = close_month.next_to_close(unit="EUR", at=now).replace(day=15)
    days = (now.date() - day).days
    Payment.objects.update(captured_at=now.replace(hour=12) - timedelta(days=days))
    for ago in range(1, days):
        reconcile.keep(Bill(()), provider="sandbox", on=now.date() - timedelta(days=ago), at=now)
    one, two = visitor(people.operator(name="Olli")), visitor(people.operator(name="Outi"))
    asked = {
        "provider": "sandbox",
        "first_on": (day - timedelta(days=2)).isoformat(),
        "last_on": (day + timedelta(days=2)).isoformat(),
        "reason": "It keeps bills for a month",
    }

    def say(browser: Client, **changed: str) -> str:
        return text(browser.post(f"{PAGE}none/", {**asked, **changed}, follow=True))

    form = one.get(PAGE).context["saying"]
    assert (form["provider"].value(), form["first_on"].value()) == ("sandbox", day)
    assert "Please name the payment service" in say(one, reason="")
    assert "Please name the payment service" in say(one, provider="nobody")
    assert "The bill of this day is not missing" in say(one, first_on=(day + timedelta(days=1)).isoformat())
    page = say(one)
    assert "Another operator has to agree." in page
    assert "Waits for another operator" in page
    (waiting,) = one.get(PAGE).context["without_waiting"]
    url = f"{PAGE}none/{waiting.said.ref}"
    assert "Another operator has to agree to this." in text(one.post(f"{url}/agree/", follow=True))
    assert "Missing bills" in text(two.get(PAGE))
    assert "Nobody waits for these bills any more." in text(two.post(f"{url}/agree/", follow=True))
    page = text(one.get(PAGE))
    assert "Missing bills" not in page
    assert "1 payment or refund stands on no bill: €19.90 came, €0.00 went back." in page
    assert f"/operator/orders/{order_ref}/" in page
    assert "Olli" in page
    assert "Agreed:</" not in page
    assert "Agreed: Outi" in page

    assert "It keeps bills for a month" in text(one.get("/operator/months/"))
    look = one.get("/operator/months/?look=EUR")
    (part,) = [part for part in look.context["parts"] if part["unit"] == "EUR"]
    assert (part["explained"].number_without, part["percent"]) == (1, "0%")
    assert "1 payment" in text(look)

    assert one.post(f"{url}/strange/").status_code == 404
    assert one.post(f"{PAGE}none/nob_nobody/agree/").status_code == 404
    assert "This was decided already." in text(two.post(f"{url}/decline/", follow=True))
    assert "missing again" in text(two.post(f"{url}/take-back/", follow=True))
    assert "Missing bills" in text(one.get(PAGE))
    say(one)
    (waiting,) = one.get(PAGE).context["without_waiting"]
    declined = two.post(f"{PAGE}none/{waiting.said.ref}/decline/", follow=True)
    assert "missing as before" in text(declined)
