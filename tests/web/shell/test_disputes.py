"""Disputes on the operator's and the shop's pages."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.kernel import clock
from hutong.pay.payments import queries
from hutong.pay.payments.types import Bearer
from hutong.town.merchants.types import Role
from tests.factories import merchants, payments, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def disputed(here: Shop, *, days: int = 7) -> str:
    """A dispute about an order of one used and one unused unit."""
    used, _unused = here.scene.bought(quantity=2)
    here.scene.scan(used.code)
    ref, _evidence = payments.dispute_of(used.order_ref, by=people.operator(), at=clock.now(), days=days)
    return ref


def test_the_operator_sees_what_is_due_first(here: Shop) -> None:
    later, sooner = disputed(here, days=9), disputed(here, days=2)
    browser = visitor(people.operator())
    page = browser.get("/operator/disputes/")
    assert [row.dispute.ref for row, _names in page.context["open"]] == [sooner, later]
    assert [row.urgent for row, _names in page.context["open"]] == [True, False]
    assert "It was not received" in page.content.decode()
    counted = {one["label"]: one["count"] for one in page.context["money_pages"]}
    assert counted["Chargebacks"] == 2


@pytest.mark.parametrize("number", [1, 3])
def test_statements_of_the_list(here: Shop, number: int) -> None:
    for _each in range(number):
        disputed(here)
    browser = visitor(people.operator())
    with CaptureQueriesContext(connection) as seen:
        browser.get("/operator/disputes/")
    assert len(seen) <= 15, "\n".join(query["sql"][:80] for query in seen)


def test_the_operator_decides_who_bears_it(here: Shop) -> None:
    ref = disputed(here)
    browser = visitor(people.operator())
    page = browser.get(f"/operator/disputes/{ref}/").content.decode()
    for words in (
        "Needs an answer",
        "€39.80",
        "€15.00",
        "receipt.pdf",
        "What we know by ourselves",
        "used 20",
    ):
        assert words in page
    browser.post(f"/operator/disputes/{ref}/bearer/", {"borne_by": "platform", "reason": "agreed"})
    found = queries.dispute_by_ref(ref)
    assert found is not None
    assert found.borne_by is Bearer.PLATFORM
    browser.post(f"/operator/disputes/{ref}/bearer/", {"borne_by": "nobody"})
    assert queries.dispute_by_ref(ref) == found


def test_the_shop_adds_words_and_a_document(here: Shop) -> None:
    ref = disputed(here)
    browser = visitor(here.owner)
    assert ref in browser.get("/merchant/disputes/").content.decode()
    receipt = SimpleUploadedFile("bill.png", b"\x89PNG\r\n\x1a\n....", content_type="text/html")
    browser.post(f"/merchant/disputes/{ref}/evidence/", {"text": "She was here", "document": receipt})
    words = [(piece.text, piece.file_name) for piece in queries.evidence_of(ref)[1:]]
    assert words == [("", "bill.png"), ("She was here", "")]
    page = browser.get(f"/merchant/disputes/{ref}/").content.decode()
    assert "She was here" in page
    assert "What we know by ourselves" not in page
    file_ref = queries.evidence_of(ref)[1].ref
    saved = browser.get(f"/merchant/disputes/documents/{file_ref}/")
    # what it is was read from its bytes, whatever the browser that sent it said
    assert (saved.headers["Content-Type"], saved.content[:4]) == ("image/png", b"\x89PNG")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    wrong = SimpleUploadedFile("page.pdf", b"<script>alert(1)</script>", content_type="application/pdf")
    refused = browser.post(f"/merchant/disputes/{ref}/evidence/", {"document": wrong})
    assert (refused.status_code, "PDF, JPEG or PNG" in refused.content.decode()) == (422, True)


def test_an_order_leads_to_its_dispute(here: Shop) -> None:
    ref = disputed(here)
    found = queries.dispute_by_ref(ref)
    assert found is not None
    for person, base in ((people.operator(), "/operator"), (here.owner, "/merchant")):
        page = visitor(person).get(f"{base}/orders/{found.order_ref}/").content.decode()
        assert f'href="{base}/disputes/{ref}/"' in page


def test_others_see_nothing_of_it(here: Shop) -> None:
    ref = disputed(here)
    file_ref = queries.evidence_of(ref)[0].ref
    manager_elsewhere = visitor(shop().owner)
    cashier = visitor(here.cashier)
    for address in (f"/merchant/disputes/{ref}/", f"/merchant/disputes/documents/{file_ref}/"):
        assert manager_elsewhere.get(address).status_code == 404
        assert cashier.get(address).status_code == 403
    accountant = people.person()
    merchants.staff(merchant=here.scene.merchant, person=accountant, role=Role.ACCOUNTANT)
    assert visitor(accountant).get(f"/merchant/disputes/{ref}/").status_code == 200


def test_a_scan_says_that_it_is_on_hold(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    payments.dispute_of(voucher.order_ref, by=people.operator(), at=clock.now())
    scanned = visitor(here.cashier).post(
        "/merchant/scan/", {"code": voucher.code, "nonce": "a-nonce-of-the-page"}
    )
    assert (scanned.status_code, "On hold" in scanned.content.decode()) == (409, True)
    assert "On hold" in visitor(here.scene.shopper).get("/wallet/").content.decode()
