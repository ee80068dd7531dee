"""Bills that did not come stand on the page of bills, each with a button that fetches it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hutong.flows import reconcile
from hutong.kernel import clock
from hutong.pay.payments.models import Payment
from hutong.pay.payments.types import Bill
from tests.factories import people
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db
URL = "/operator/bills/missing/fetch/"


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


@pytest.mark.unbalanced("moves a payment into the past")
def test_a_missing_bill_is_fetched_from_its_row(browser: Client, sandbox: Sandbox) -> None:
    now = clock.now()
    shop().scene.bought()
    assert "Missing bills" not in browser.get("/operator/bills/").content.decode()
    Payment.objects.update(captured_at=now - timedelta(days=2))
    reconcile.keep(Bill(()), provider="sandbox", on=now.date() - timedelta(days=1), at=now)
    page = browser.get("/operator/bills/")
    (row,) = page.context["missing"]
    assert (row.name, row.on) == ("sandbox", now.date() - timedelta(days=2))
    assert f'value="{row.on.isoformat()}"' in page.content.decode()

    def fetch(**changed: str) -> str:
        asked = {"provider": row.name, "on": row.on.isoformat(), **changed}
        return browser.post(URL, asked, follow=True).content.decode()

    sandbox.fault("error_before", call="bill")
    assert "does not answer just now" in fetch()
    for wrong in ({"on": now.date().isoformat()}, {"on": "never"}, {"provider": "nobody"}):
        assert "is not missing" in fetch(**wrong)
    done = fetch()
    assert "The bill is here. Lines that fit: 0 of 0." in done
    assert "Missing bills" not in done
    assert "is not missing" in fetch()
