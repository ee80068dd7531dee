"""How much was bought: orders count uses, people count vouchers."""

from __future__ import annotations

import pytest

from hutong.web.shell.templatetags.ordered import bought
from tests.factories import people, vouchers
from tests.web.visitors import shop, visitor


@pytest.mark.parametrize(
    ("quantity", "uses", "words"),
    [
        (1, 1, ""),
        (3, 1, " × 3"),
        (10, 10, " · 10 uses"),
        (20, 10, " × 2 · 10 uses each"),
        # lines of several offers added up are no number of cards
        (11, 10, " × 11"),
    ],
)
def test_how_many(quantity: int, uses: int, words: str) -> None:
    assert bought(quantity, uses) == words


@pytest.mark.django_db
def test_a_card_of_ten_is_one_voucher_on_every_page_of_its_order() -> None:
    here = shop()
    vouchers.promise(here.scene.offer.public_id, uses=10)
    (voucher,) = here.scene.bought()
    order, title = voucher.order_ref, here.scene.offer.titles["en"]
    for person, addresses in (
        (here.owner, ("/merchant/orders/", f"/merchant/orders/{order}/")),
        (here.scene.shopper, ("/orders/", f"/orders/{order}/")),
        (
            people.operator(),
            (
                "/operator/",
                "/operator/orders/",
                f"/operator/orders/{order}/",
                f"/operator/merchants/{here.scene.merchant.public_id}/?show=orders",
            ),
        ),
    ):
        browser = visitor(person)
        for address in addresses:
            page = browser.get(address).content.decode()
            assert "· 10 uses" in page, address
            assert "× 10" not in page, address
            assert title in page


@pytest.mark.django_db
def test_a_card_of_ten_is_one_sold_in_the_list_of_deals() -> None:
    here = shop()
    vouchers.promise(here.scene.offer.public_id, uses=10)
    here.scene.scan(here.scene.bought(quantity=2)[0].code)
    browser = visitor(here.owner)
    for address in ("/merchant/deals/", f"/merchant/deals/{here.scene.offer.public_id}/"):
        response = browser.get(address)
        row = response.context["row"] if "row" in response.context else response.context["rows"][0]
        assert (row.sold, row.uses, row.sales.used, row.sales.sold) == (2, 10, 1, 20)
    assert "of 20 uses" in response.content.decode()
