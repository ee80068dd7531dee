"""The pages of vouchers that other channels sold: a list goes in, what came of it is shown, it goes out again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from hutong.visit.stock.services import set_capacity
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.models import ChannelImport, ChannelVoucher
from tests.factories import vouchers as voucher_factory
from tests.factories.channels import CHANNEL, brought
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def upload(browser: Client, here: Shop, content: bytes, **fields: str) -> Any:
    """Send a list as the page does."""
    said = {"channel": CHANNEL, "deal": here.scene.offer.public_id, **fields}
    file = SimpleUploadedFile("list.csv", content, "text/csv")
    return browser.post(reverse("merchant_channels"), {**said, "file": file})


def test_a_list_goes_in_and_is_scanned(here: Shop) -> None:
    browser = visitor(here.owner)
    answer = upload(browser, here, b"code;status\n1234 5678 9012;sold\n123456789012;sold\nshort;sold\n")
    (made,) = ChannelImport.objects.all()
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("merchant_channel", args=[made.public_id]),
    )
    page = browser.get(answer["Location"]).content.decode()
    assert "1 voucher is good here now." in page
    assert "Its code stands on an earlier row. It counts once." in page
    assert "There is no code of 8 to 40 letters and digits." in page
    assert "123456789012" not in page
    scanned = visitor(here.cashier).post(
        reverse("merchant_scan"), {"code": "123456789012", "nonce": "a-nonce-of-the-page"}
    )
    assert f"Sold by {CHANNEL}" in scanned.content.decode()
    assert "Receipt" not in scanned.content.decode()
    today = browser.get(reverse("merchant_today")).content.decode()
    assert f"Sold by {CHANNEL}" in today
    assert "Used" in browser.get(answer["Location"]).content.decode()


def test_the_scan_page_says_that_the_channel_took_it_back(here: Shop) -> None:
    brought(here.scene, "123456789012")
    brought(here.scene, "123456789012,refunded", header="code,state")
    scanned = visitor(here.cashier).post(
        reverse("merchant_scan"), {"code": "123456789012", "nonce": "a-nonce-of-the-page"}
    )
    assert scanned.status_code == 410
    assert f"{CHANNEL} says that it was given back, or used elsewhere." in scanned.content.decode()


def test_a_scan_is_undone_from_the_page(here: Shop) -> None:
    brought(here.scene, "123456789012")
    done = here.scene.scan("123456789012")
    page = visitor(here.owner).post(reverse("merchant_undo", args=[done.redemption_ref]))
    assert "The voucher can be used again." in page.content.decode()
    assert ChannelVoucher.objects.get().state == "ready"


def test_wrong_files_say_what_to_do_and_bring_nothing(here: Shop) -> None:
    browser = visitor(here.owner)
    for content, words in (
        (b"name,price\nLunch,12\n", "The list has no column of codes; its columns are: name, price."),
        (b"PK\x03\x04xlsx", "This file is no table in plain text."),
        (b"", "This file is no table in plain text."),
        (b"code\nshort\n", "Nothing in this list is a code."),
    ):
        answer = upload(browser, here, content)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    set_capacity(offer_ref=here.scene.offer.public_id, capacity=1, by="per_test", at=here.at)
    answer = upload(browser, here, b"code\nAAAA1111\nAAAA2222\n")
    assert "The list brings 2 vouchers, and only 1 are left of the deal." in answer.content.decode()
    assert ChannelImport.objects.count() == 0


def test_a_file_that_says_it_is_too_heavy_is_not_read(here: Shop) -> None:
    browser = visitor(here.owner)
    answer = browser.post(
        reverse("merchant_channels"), data=b"", content_type="multipart/form-data", CONTENT_LENGTH="20000000"
    )
    assert answer.status_code == 413


def test_other_deals_cannot_be_chosen(here: Shop) -> None:
    other = shop()
    answer = upload(visitor(here.owner), here, b"code\nAAAA1111\n", deal=other.scene.offer.public_id)
    assert answer.status_code == 422
    voucher_factory.promise(here.scene.offer.public_id, uses=3, at=here.at)
    page = visitor(here.owner).get(reverse("merchant_channels")).content.decode()
    assert "You have no approved deal with one use." in page
    assert "<form" not in page.partition('id="bring-title"')[2].partition("</section>")[0]


def test_a_list_is_taken_back(here: Shop) -> None:
    browser, done = visitor(here.owner), brought(here.scene, "AAAA1111", "AAAA2222")
    here.scene.scan("AAAA1111")
    address = reverse("merchant_channel_take_back", args=[done.import_ref])
    page = browser.post(address, follow=True).content.decode()
    assert "1 voucher is good no longer." in page
    assert "What was used before stays used." in page
    assert "This list was taken back already." in browser.post(address, follow=True).content.decode()
    kept = vouchers.channel_import(done.import_ref, here.scene.merchant.pk, at=here.at)
    assert kept is not None
    assert (kept.ready, kept.used) == (0, 1)


def test_lists_are_the_shops_own_and_not_for_cashiers(here: Shop) -> None:
    done, other = brought(here.scene, "AAAA1111"), shop()
    addresses = [reverse("merchant_channels"), reverse("merchant_channel", args=[done.import_ref])]
    assert [visitor(here.cashier).get(each).status_code for each in addresses] == [403, 403]
    assert visitor(other.owner).get(addresses[1]).status_code == 404
    assert CHANNEL not in visitor(other.owner).get(addresses[0]).content.decode()
    take_back = reverse("merchant_channel_take_back", args=[done.import_ref])
    assert visitor(other.owner).post(take_back).status_code == 404
    assert visitor(here.cashier).post(take_back).status_code == 403


def test_the_deals_page_counts_them_apart(here: Shop) -> None:
    set_capacity(offer_ref=here.scene.offer.public_id, capacity=7, by="per_test", at=here.at)
    here.scene.bought(quantity=2)
    brought(here.scene, "AAAA1111", "AAAA2222", "AAAA3333")
    page = (
        visitor(here.owner).get(reverse("merchant_deal", args=[here.scene.offer.public_id])).content.decode()
    )
    assert "and 3 on other channels" in page
    tiles = re.findall(r"<dt[^>]*>(Sold|Left)</dt><dd[^>]*>(\d+)<", page)
    assert tiles == [("Sold", "2"), ("Left", "2")]


def test_the_log_tells(here: Shop) -> None:
    brought(here.scene, "AAAA1111", by=here.owner)
    page = visitor(here.owner).get(reverse("merchant_audit") + "?show=all").content.decode()
    assert "Vouchers of another channel brought in" in page
    assert "Newly brought in" in page
