"""The way in for owners: the shop is found, proved or signed up; what happens where that is not possible."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from hutong.flows.index_search import index_store
from hutong.kernel import clock
from hutong.town.merchants import queries, services
from hutong.town.merchants.models import Claim, Merchant, Store
from hutong.town.merchants.types import ClaimState, MerchantState, StoreState
from hutong.town.people.models import Person
from hutong.town.regions.services import set_feature
from hutong.town.regions.types import Feature
from tests.factories import joining, merchants, people, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

FORM = {
    "name_en": "Uusi Kahvila",
    "name_zh": "新咖啡馆",
    "category": "cafe",
    "address": "Uusikatu 1",
    "lat": "60.171",
    "lon": "24.945",
    "phone": "040 111 1111",
}


@pytest.fixture(autouse=True)
def outside(settings: Settings, tmp_path: Path) -> None:
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "tray"
    settings.EMAIL_BACKEND = "hutong.town.people.senders.mail.TrayEmailBackend"
    settings.HUTONG_HOME = tmp_path


@pytest.fixture
def store() -> Store:
    """A listing that can be found, with a phone."""
    made = joining.listing()
    index_store(made.public_id, clock.now())
    return made


@pytest.fixture
def olga() -> Person:
    return people.person(name="Olga")


def text_of(browser: Client, address: str, status: int = 200) -> str:
    response = browser.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_an_owner_finds_the_shop_before_signing_in(store: Store) -> None:
    page = text_of(visitor(), "/merchant/join/?q=kahv")
    assert f"/merchant/join/listing/{store.public_id}/" in page
    assert "We know no shop" in text_of(visitor(), "/merchant/join/?q=nothing+like+it")
    response = visitor().get(f"/merchant/join/listing/{store.public_id}/")
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next=%2Fmerchant%2Fjoin%2Flisting%2F{store.public_id}%2F"


def test_the_store_page_and_me_lead_in(store: Store, olga: Person) -> None:
    assert "Claim it" in text_of(visitor(), f"/store/{store.public_id}/")
    assert "/merchant/join/" in text_of(visitor(olga), "/me/")


def test_a_call_makes_the_shop_ones_own(store: Store, olga: Person) -> None:
    browser = visitor(olga)
    page = text_of(browser, f"/merchant/join/listing/{store.public_id}/")
    assert joining.SHOP_PHONE not in page
    assert "+358 ••• ••• 678" in page
    started = browser.post(f"/merchant/join/listing/{store.public_id}/", {"method": "phone"})
    assert started.status_code == 302
    code = joining.told(joining.SHOP_PHONE)
    wrong = browser.post(started["Location"], {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422
    assert "Tries left: 2" in wrong.content.decode()
    done = browser.post(started["Location"], {"code": f"{code[:3]} {code[3:]}"})
    assert (done.status_code, done["Location"]) == (302, "/merchant/")
    assert browser.post(started["Location"], {"code": code})["Location"] == "/merchant/"
    assert browser.get("/merchant/").status_code == 200


def test_a_mailbox_elsewhere_is_refused_in_words(olga: Person) -> None:
    made = joining.listing(website="https://www.kahvila.fi")
    address = f"/merchant/join/listing/{made.public_id}/"
    assert "@kahvila.fi" in text_of(visitor(olga), address)
    refused = visitor(olga).post(address, {"method": "email", "email": "olga@gmail.com"})
    assert refused.status_code == 422
    assert "not at the shop&#x27;s own domain" in refused.content.decode()


def test_a_document_waits_and_can_be_withdrawn(store: Store, olga: Person) -> None:
    browser = visitor(olga)
    lease = SimpleUploadedFile("lease.pdf", b"%PDF-1.7 lease", content_type="application/pdf")
    sent = browser.post(
        f"/merchant/join/listing/{store.public_id}/document/", {"document": lease, "note": "Ours."}
    )
    assert sent.status_code == 302
    assert "The platform looks at your document" in text_of(browser, sent["Location"])
    assert "The platform looks at it" in text_of(browser, "/merchant/", 403)
    claim = Claim.objects.get()
    browser.post(f"/merchant/join/claims/{claim.public_id}/withdraw/")
    claim.refresh_from_db()
    assert claim.state == ClaimState.WITHDRAWN.value


def test_what_is_no_document_is_refused_in_words(store: Store, olga: Person) -> None:
    drawing = SimpleUploadedFile("logo.svg", b"<svg onload='x()'/>", content_type="image/svg+xml")
    refused = visitor(olga).post(f"/merchant/join/listing/{store.public_id}/document/", {"document": drawing})
    assert refused.status_code == 422
    assert "Send a PDF, a JPEG or a PNG" in refused.content.decode()


def test_an_owned_shop_offers_to_ask_or_to_dispute(olga: Person) -> None:
    owned = merchants.store()
    page = text_of(visitor(olga), f"/merchant/join/listing/{owned.public_id}/")
    assert "Ask the owner to invite you" in page
    assert "Dispute it" in page
    assert "Call now" not in page
    taken = visitor(olga).post(f"/merchant/join/listing/{owned.public_id}/", {"method": "phone"})
    assert taken.status_code == 409


def test_somebody_elses_claim_is_not_to_be_seen(store: Store, olga: Person) -> None:
    ref = joining.start(store, olga, at=clock.now())
    stranger = visitor(people.person())
    assert stranger.get(f"/merchant/join/claims/{ref}/").status_code == 404
    assert stranger.post(f"/merchant/join/claims/{ref}/withdraw/").status_code == 404


def test_a_new_shop_is_signed_up(olga: Person) -> None:
    merchants.category()
    regions.region()
    browser = visitor(olga)
    assert "Add your shop" in text_of(browser, "/merchant/join/new/")
    sent = browser.post("/merchant/join/new/", FORM)
    assert (sent.status_code, sent["Location"]) == (302, "/merchant/")
    made = Store.objects.get()
    assert made.names == {"en": "Uusi Kahvila", "zh-Hans": "新咖啡馆", "name": "Uusi Kahvila"}
    assert browser.get("/merchant/").status_code == 200
    assert visitor().get(f"/store/{made.public_id}/").status_code == 404
    assert visitor(people.person()).get(f"/merchant/join/listing/{made.public_id}/").status_code == 404


def test_an_address_stands_for_a_position(olga: Person) -> None:
    town = regions.region()
    merchants.listing(region=town, lon=24.95, lat=60.171)
    browser = visitor(olga)
    known = FORM | {"lat": "", "lon": "", "address": "Aleksanterinkatu 5"}
    assert browser.post("/merchant/join/new/", known).status_code == 302
    assert Store.objects.get(names__en="Uusi Kahvila").lon == 24.95
    unknown = browser.post("/merchant/join/new/", known | {"address": "Nowhere 5", "name_en": "Other"})
    assert unknown.status_code == 422
    assert "We do not know this address" in unknown.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name_en", "", ""),
        ("lat", "59.0", "not in this town"),
        ("lat", "north", "Enter a number"),
        ("phone", "12", "phone number"),
        ("category", "food", "Select a valid choice"),
        ("email", "olga", "e-mail address"),
    ],
)
def test_a_wrong_sign_up_says_what_to_mend(olga: Person, field: str, value: str, said: str) -> None:
    merchants.category()
    regions.region()
    sent = visitor(olga).post("/merchant/join/new/", FORM | {"name_zh": ""} | {field: value})
    assert sent.status_code == 422
    assert said in sent.content.decode()
    assert Store.objects.count() == 0


def test_what_is_switched_off_says_so(store: Store, olga: Person) -> None:
    at = clock.now()
    for feature in (Feature.SIGN_UP, Feature.CLAIMS):
        set_feature(
            region_ref=store.region.public_id,
            feature=feature,
            on=False,
            by=people.operator().public_id,
            at=at,
        )
    browser = visitor(olga)
    assert "No new shops at present" in text_of(browser, "/merchant/join/new/", 403)
    assert "taken over" in text_of(browser, f"/merchant/join/listing/{store.public_id}/", 403)
    assert "Claim it" not in text_of(visitor(), f"/store/{store.public_id}/")
    assert "/merchant/join/new/" not in text_of(visitor(), "/merchant/join/?q=kahv")


def test_a_refused_owner_reads_why_and_applies_again(store: Store, olga: Person) -> None:
    at = clock.now()
    ref = joining.start(store, olga, at=at)
    made = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at)
    services.decide_merchant(
        merchant_ref=made, approve=False, reason="The business ID is wrong.", by=people.operator(), at=at
    )
    browser = visitor(olga)
    page = text_of(browser, "/merchant/", 403)
    assert "The business ID is wrong." in page
    assert "Apply again" in page
    assert browser.post(f"/merchant/join/again/{made}/").status_code == 302
    assert Merchant.objects.get().state == MerchantState.APPLIED.value
    assert browser.get("/merchant/").status_code == 200
    assert visitor(people.person()).post(f"/merchant/join/again/{made}/").status_code == 403


def test_a_suspended_shop_says_whom_to_ask(olga: Person) -> None:
    made = merchants.merchant(owner=olga)
    merchants.store(merchant=made)
    services.decide_merchant(
        merchant_ref=made.public_id, approve=False, reason="Complaints.", by=people.operator(), at=clock.now()
    )
    page = text_of(visitor(olga), "/merchant/", 403)
    assert "Complaints." in page
    assert "contact the platform" in page


def test_the_only_store_closed_for_good_can_be_opened_again(olga: Person) -> None:
    made = merchants.store(merchant=merchants.merchant(owner=olga))
    browser = visitor(olga)
    browser.post(f"/merchant/stores/{made.public_id}/state/", {"to": "closed"})
    assert "You closed this store for good" in text_of(browser, "/merchant/", 403)
    assert browser.post(f"/merchant/join/reopen/{made.public_id}/").status_code == 302
    made.refresh_from_db()
    assert made.state == StoreState.OPEN.value


def test_statements_do_not_grow_with_what_is_found(
    olga: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser, town = visitor(olga), regions.region()
    browser.get("/merchant/join/")
    for number in range(3):
        made = merchants.listing(region=town, name=f"Kahvila {number}")
        index_store(made.public_id, clock.now())
        if number != 1:
            with django_assert_max_num_queries(8):
                page = text_of(browser, "/merchant/join/?q=kahvila")
            assert page.count("/merchant/join/listing/") == number + 1
    assert len(queries.stores_by_ids(list(Store.objects.values_list("pk", flat=True)))) == 3
