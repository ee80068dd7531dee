"""What the rights of a shop mean on its pages, beyond what tests/web/test_isolation.py walks over."""

from __future__ import annotations

import pytest

from hutong.town.merchants import services
from hutong.town.merchants.models import Staff
from tests.factories import merchants, people
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def test_a_revoked_role_opens_nothing() -> None:
    made = shop()
    browser = visitor(made.cashier)
    assert browser.get("/merchant/").status_code == 200
    staff = Staff.objects.get(person=made.cashier)
    services.revoke_staff(staff_id=staff.pk, by=made.owner, at=made.at)
    assert browser.get("/merchant/").status_code == 403


def test_a_shop_that_waits_is_told_so() -> None:
    owner = people.person(name="Olga")
    merchants.merchant(owner=owner, name="Not Yet Oy", approved=False)
    response = visitor(owner).get("/merchant/")
    assert response.status_code == 403
    assert "Not Yet Oy" in response.content.decode()
    assert "Waiting for approval" in response.content.decode()


def test_a_cashier_sees_no_money() -> None:
    made = shop()
    (voucher,) = made.scene.bought()
    made.scene.scan(voucher.code)
    assert "€19.90" in visitor(made.owner).get("/merchant/").content.decode()
    assert "€" not in visitor(made.cashier).get("/merchant/").content.decode()
