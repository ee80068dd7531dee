"""Points as their owner sees them: how many, until when, what came and went; and how to earn the first."""

import pytest

from hutong.flows import jobs
from hutong.kernel import clock
from tests.factories import people
from tests.factories.loop import scene
from tests.factories.points import lot, programme, rules
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

URL = "/me/points/"


def test_who_has_none_reads_how_to_earn_them() -> None:
    programme(at=clock.now())
    page = visitor(people.person()).get(URL).content.decode()
    for words in (
        "No points yet",
        "1 point for each €1.00 you pay",
        "100 points are worth €1.00",
        "12 months",
    ):
        assert words in page


def test_a_site_without_points_says_so_and_does_not_lead_there() -> None:
    browser = visitor(people.person())
    assert "This site gives no points now." in browser.get(URL).content.decode()
    assert URL not in browser.get("/me/").content.decode()
    programme(at=clock.now())
    assert URL in browser.get("/me/").content.decode()


def test_what_was_used_is_on_the_page_and_on_its_order() -> None:
    at = clock.now()
    programme(rules(earn=10), at=at)
    shop = scene(at=at)
    (voucher,) = shop.bought()
    browser = visitor(shop.shopper)
    order_url = f"/orders/{voucher.order_ref}/"
    before = browser.get(order_url).content.decode()
    assert "Points earned" not in before
    assert "You get 199 points once you have used it." in before
    shop.scan(voucher.code)
    jobs.drain()
    order = browser.get(order_url).content.decode()
    assert "Points earned" in order
    assert "+199" in order
    assert "once you have used it" not in order
    page = browser.get(URL).content.decode()
    for words in ("Town points", "199", "Worth €1.99 at checkout.", "Good until", "Earned", order_url):
        assert words in page


@pytest.mark.unbalanced("points are earned with names here")
def test_each_lot_has_its_last_day_and_nobody_sees_anothers() -> None:
    at = clock.now()
    programme(at=at)
    person, other = people.person(), people.person()
    lot(person.public_id, 120, days=5, at=at)
    lot(person.public_id, 340, days=None, at=at)
    page = visitor(person).get(URL).content.decode()
    assert page.index("120") < page.index("340")
    assert "They never end" in page
    assert "460" in page
    assert "No points yet" in visitor(other).get(URL).content.decode()


@pytest.mark.unbalanced("points are earned with names here")
def test_a_programme_that_is_off_still_shows_what_there_is() -> None:
    at = clock.now()
    person = people.person()
    lot(person.public_id, 120, at=at)
    programme(on=False, at=at)
    page = visitor(person).get(URL).content.decode()
    assert "No new points are given now." in page
    assert "120" in page
