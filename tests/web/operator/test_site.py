"""The operator's pages of the site: what is written, announced, switched, and how readers see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hutong.flows import jobs, site_pages
from hutong.flows.site_pages import SitePage
from hutong.kernel import audit, clock
from hutong.town.contents import services as contents
from hutong.town.contents.types import Audience
from hutong.town.merchants import queries as merchants_read
from hutong.town.regions import queries as regions_read
from hutong.town.regions.types import Feature
from hutong.web.shell import announcements
from tests.factories import merchants, people, regions
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    announcements.forget()


@pytest.mark.parametrize("page", ["terms", "privacy", "imprint"])
@pytest.mark.parametrize(("language", "word"), [("en", "Hutong"), ("zh-hans", "运营")])
def test_every_site_has_its_pages_from_the_start(page: str, language: str, word: str) -> None:
    text = Client(headers={"Accept-Language": language}).get(f"/{page}/").content.decode()
    assert word in text
    assert "{site_name}" not in text
    assert "<h1>" in text


def test_a_page_is_written_version_by_version_and_in_the_log() -> None:
    operator = people.operator()
    browser = visitor(operator)
    assert browser.post("/operator/site/pages/imprint/", {"en": "# One", "zh": "# 一"}).status_code == 302
    assert (
        browser.post(
            "/operator/site/pages/imprint/", {"en": "# Two by {site_name}", "zh": "# 一"}
        ).status_code
        == 302
    )
    assert "<h1>Two by Hutong</h1>" in Client().get("/imprint/").content.decode()
    assert [version.number for version in site_pages.history(SitePage.IMPRINT)] == [2, 1]
    entries = audit.search(action="page.").entries
    assert entries[0].changes == {"en": ["# One", "# Two by {site_name}"]}
    assert entries[0].actor_ref == operator.public_id


def test_a_look_at_a_page_keeps_nothing() -> None:
    words = {"en": "# Draft of {site_name}", "look": "1"}
    answer = visitor(people.operator()).post("/operator/site/pages/terms/", words)
    assert "<h1>Draft of Hutong</h1>" in answer.content.decode()
    assert site_pages.history(SitePage.TERMS) == []


def test_a_page_without_words_is_refused() -> None:
    answer = visitor(people.operator()).post("/operator/site/pages/terms/", {"en": " ", "zh": ""})
    assert answer.status_code == 422
    assert site_pages.history(SitePage.TERMS) == []


def test_html_in_a_page_stays_text() -> None:
    visitor(people.operator()).post(
        "/operator/site/pages/terms/",
        {"en": "<script>alert(1)</script> [go](javascript:alert(1)) <img src=x onerror=alert(1)>", "zh": ""},
    )
    text = Client().get("/terms/").content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert 'href="javascript' not in text


def test_the_cookies_that_are_set_are_the_ones_that_are_told() -> None:
    """A walk with everything that sets a cookie, against the table of the privacy notice."""
    made = shop()
    browser = visitor(made.scene.shopper)
    region = made.scene.store.region
    browser.get("/")
    browser.get("/sign-in/")
    browser.post("/scheme/", {"scheme": "dark"})
    browser.post("/language/", {"language": "zh-hans"})
    browser.post("/region/", {"region": region.slug})
    browser.post("/announcement/close/", {"ref": "ann_x"})
    told = site_pages.read(SitePage.PRIVACY, "en").text
    cookies = set(browser.cookies.keys())
    assert {"hutong_scheme", "django_language", "hutong_announcement"} <= cookies
    assert {name for name in cookies if f"`{name}`" not in told} == set()


def announce(audience: Audience = Audience.ALL, *, urgent: bool = False, text: str = "We close early") -> str:
    at = clock.now()
    return contents.announce(
        texts={"en": text},
        audience=audience,
        urgent=urgent,
        starts_at=at - timedelta(minutes=1),
        ends_at=at + timedelta(hours=1),
        by=people.operator(),
        at=at,
    )


def test_an_announcement_stands_on_every_page_until_it_is_closed() -> None:
    ref = announce()
    browser = Client()
    assert "We close early" in browser.get("/terms/").content.decode()
    browser.post("/announcement/close/", {"ref": ref})
    assert "We close early" not in browser.get("/terms/").content.decode()
    assert "We close early" in Client().get("/terms/").content.decode()


def test_an_announcement_for_shops_is_not_for_shoppers() -> None:
    announce(Audience.SHOPS)
    assert "We close early" not in Client().get("/terms/").content.decode()
    assert "We close early" in visitor(shop().owner).get("/merchant/").content.decode()


def test_an_urgent_one_comes_first_and_an_ended_one_never() -> None:
    announce(text="Newest")
    urgent = announce(urgent=True, text="Fire drill")
    announce(text="Newer still")
    assert "Fire drill" in Client().get("/terms/").content.decode()
    visitor(people.operator()).post(f"/operator/site/announcements/{urgent}/end/")
    assert "Newer still" in Client().get("/terms/").content.decode()


def test_announcing_by_the_page_in_the_regions_time() -> None:
    regions.region()
    operator = visitor(people.operator())
    form = {
        "en": "Market day",
        "zh": "集市日",
        "audience": "all",
        "starts_at": "2099-06-01T08:00",
        "ends_at": "2099-06-01T18:00",
    }
    assert operator.post("/operator/site/announce/", form).status_code == 302
    assert "Market day" in operator.get("/operator/site/").content.decode()
    assert "Market day" not in Client().get("/terms/").content.decode()
    backwards = operator.post("/operator/site/announce/", {**form, "ends_at": "2099-06-01T07:00"})
    assert backwards.status_code == 422


def test_a_feature_is_switched_and_logged() -> None:
    region = regions.region()
    operator = people.operator()
    visitor(operator).post(f"/operator/site/features/{region.public_id}/claims/", {"to": "off"})
    assert not regions_read.feature_on(region.pk, Feature.CLAIMS)
    (entry,) = audit.search(action="region.").entries
    assert entry.actor_ref == operator.public_id


def test_a_category_is_renamed_hidden_and_found_under_its_new_name() -> None:
    made = shop()
    operator = visitor(people.operator())
    slug = made.scene.store.category.slug
    answer = operator.post(
        "/operator/site/categories/", {"slug": slug, "en": "Coffee houses", "position": "1"}
    )
    assert answer.status_code == 302
    jobs.drain()
    names = [child.names["en"] for group in merchants_read.category_tree() for child in group.children]
    assert "Coffee houses" in names
    operator.post("/operator/site/categories/", {"slug": slug, "hidden": "on"})
    assert slug not in [child.slug for group in merchants_read.category_tree() for child in group.children]
    merchants.category(slug)  # an import declares it again
    assert slug not in [child.slug for group in merchants_read.category_tree() for child in group.children]


def test_the_log_is_found_by_words_days_and_kind_and_leaves_as_a_file() -> None:
    operator = people.operator(name="Olli Operator")
    browser = visitor(operator)
    browser.post("/operator/site/pages/imprint/", {"en": "=SUM(1)", "zh": ""})
    page = browser.get("/operator/audit/?area=page.").content.decode()
    assert "page:imprint" in page
    assert "Olli Operator" in page
    assert "page:imprint" not in browser.get("/operator/audit/?area=offer.").content.decode()
    assert "page:imprint" not in browser.get("/operator/audit/?until=2020-01-01").content.decode()
    assert "page:imprint" in browser.get("/operator/audit/?q=page:imprint").content.decode()
    file = browser.get("/operator/audit/?area=page.&file=csv")
    assert file["Content-Type"].startswith("text/csv")
    assert "page.published,page:imprint" in file.content.decode()


def test_the_log_goes_on_behind_a_full_page(at: object) -> None:
    for number in range(60):
        audit.record(action="page.tested", subject=f"page:{number}", by="platform", at=clock.now())
    browser = visitor(people.operator())
    first = browser.get("/operator/audit/").content.decode()
    assert "page:59" in first
    assert "page:3<" not in first
    cursor = first.split("before=")[1].split('"')[0]
    more = browser.get(f"/operator/audit/?before={cursor}", headers={"HX-Request": "true"}).content.decode()
    assert "page:3<" in more
    assert "<html" not in more


def test_lines_as_a_browser_ends_them_are_no_change() -> None:
    browser = visitor(people.operator())
    words = site_pages.defaults(SitePage.IMPRINT)["en"].strip()
    assert words.count("\n") > 2
    for text in (words, words.replace("\n", "\r\n"), f"{words}\nOne more.".replace("\n", "\r\n")):
        assert browser.post("/operator/site/pages/imprint/", {"en": text, "zh": ""}).status_code == 302
    newest, first = site_pages.history(SitePage.IMPRINT)
    assert (newest.body["texts"]["en"], first.body["texts"]["en"]) == (f"{words}\nOne more.", words)
