"""The pages of one's own account: profile, addresses, consents, browsers, data."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from hutong.flows import site_pages
from hutong.know.customers import services as customers
from hutong.town.people import queries, rules, services
from hutong.town.people.models import Address, ConsentEvent, Person, SignIn
from tests.factories import people
from tests.factories.loop import scene
from tests.town.people.codes import last_code
from tests.web.visitors import visitor

# Codes and budgets are kept outside the test's transaction.
pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+358401234567"
STREET = {"street": "Katu 1", "city": "Helsinki"}
PAGES = [
    "profile/",
    "phone/",
    "email/",
    "addresses/",
    "addresses/new/",
    "consents/",
    "sign-ins/",
    "data/",
    "confirm/",
]


@pytest.fixture
def somebody() -> Person:
    return people.person(phone=PHONE, name="Aino")


def stale(person: Person) -> Client:
    """A browser signed in an hour ago."""
    browser = visitor(person)
    SignIn.objects.filter(person=person).update(proved_at=timezone.now() - timedelta(hours=1))
    return browser


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_for_its_owner_and_asks_others_to_sign_in(path: str, somebody: Person) -> None:
    assert visitor(somebody).get(f"/me/{path}").status_code == 200
    assert Client().get(f"/me/{path}")["Location"].startswith("/sign-in/?next=")


def test_the_name_is_saved(somebody: Person) -> None:
    assert visitor(somebody).post("/me/profile/", {"name": "Aino A."}).status_code == 302
    assert Person.objects.get().name == "Aino A."


def test_a_new_number_is_proved_the_old_one_told_and_other_browsers_end(somebody: Person) -> None:
    here, there = visitor(somebody), visitor(somebody)
    token = people.token_of(somebody, scopes=["orders:read"])
    assert here.post("/me/phone/", {"phone": "050 111 2223"})["Location"] == "/me/phone/code/"
    assert here.post("/me/phone/code/", {"code": last_code("+358501112223")})["Location"] == "/me/profile/"
    assert Person.objects.get(pk=somebody.pk).phone == "+358501112223"
    told = queries.messages(1, to=PHONE)[0].body
    assert "was changed to +358 ••• ••• 223" in told
    assert "501112223" not in told
    assert here.get("/me/profile/").status_code == 200
    assert there.get("/me/profile/").status_code == 302
    assert services.open_token(plain=token, at=timezone.now()) is None


def test_a_code_for_signing_in_does_not_change_a_number(somebody: Person) -> None:
    browser = visitor(somebody)
    browser.post("/me/phone/", {"phone": "050 111 2223"})
    services.send_code(phone="+358501112223", address="192.0.2.9", at=timezone.now())
    page = browser.post("/me/phone/code/", {"code": last_code("+358501112223")})
    assert "This code is not right" in page.content.decode()
    assert Person.objects.get(pk=somebody.pk).phone == PHONE


def test_a_number_of_somebody_else_is_refused_only_once_proved(somebody: Person) -> None:
    people.person(phone="+358501112223")
    browser = visitor(somebody)
    assert browser.post("/me/phone/", {"phone": "050 111 2223"}).status_code == 302
    page = browser.post("/me/phone/code/", {"code": last_code("+358501112223")}).content.decode()
    assert "Another account has this number" in page
    assert "This is your number already" in browser.post("/me/phone/", {"phone": PHONE}).content.decode()


def test_an_e_mail_address_is_proved_by_the_code_in_the_mail(somebody: Person) -> None:
    browser = visitor(somebody)
    assert browser.post("/me/email/", {"email": "Aino@Example.com"})["Location"] == "/me/email/code/"
    assert mail.outbox[-1].to == ["aino@example.com"]
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found
    assert browser.post("/me/email/code/", {"code": found[0]})["Location"] == "/me/profile/"
    person = Person.objects.get()
    assert (person.email, person.email_proved_at is not None) == ("aino@example.com", True)
    browser.post("/me/email/remove/")
    assert Person.objects.get().email is None


@pytest.mark.parametrize(
    "written",
    ["", "aino", "aino@", "a b@example.com", "a@b", "x" * 300 + "@example.com", "a@example.com\nBcc: b@c.de"],
)
def test_what_is_no_e_mail_address_gets_no_mail(written: str, somebody: Person) -> None:
    page = visitor(somebody).post("/me/email/", {"email": written})
    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert mail.outbox == []


def test_addresses_are_added_changed_deleted_and_brought_back(somebody: Person) -> None:
    browser = visitor(somebody)
    assert browser.post("/me/addresses/new/", STREET | {"label": "Home"}).status_code == 302
    first = Address.objects.get()
    assert first.is_default
    browser.post("/me/addresses/new/", STREET | {"street": "Tie 2", "phone": "040 765 4321"})
    second = Address.objects.get(street="Tie 2")
    assert (second.is_default, second.phone) == (False, "+358407654321")
    browser.post(f"/me/addresses/{second.public_id}/", STREET | {"street": "Tie 3", "default": "on"})
    assert Address.objects.get(is_default=True).street == "Tie 3"
    gone = browser.post(f"/me/addresses/{second.public_id}/delete/")
    assert Address.objects.get(is_default=True).pk == first.pk
    page = browser.get(gone["Location"]).content.decode()
    assert "Tie 3 is deleted." in page
    browser.post(f"/me/addresses/{second.public_id}/restore/")
    assert "Tie 3" in browser.get("/me/addresses/").content.decode()


def test_a_changed_address_can_be_as_it_was(somebody: Person) -> None:
    browser = visitor(somebody)
    browser.post("/me/addresses/new/", STREET | {"label": "Home"})
    browser.post("/me/addresses/new/", STREET | {"street": "Tie 2", "note": "Ring twice"})
    first, second = Address.objects.order_by("pk")
    changed = browser.post(
        f"/me/addresses/{second.public_id}/", STREET | {"street": "Tie 3", "default": "on"}
    )
    page = browser.get(changed["Location"]).content.decode()
    assert "Tie 3 is saved." in page
    assert Address.objects.get(is_default=True).pk == second.pk
    undo = f"/me/addresses/{second.public_id}/undo/"
    assert undo in page
    assert browser.post(undo).status_code == 302
    second.refresh_from_db()
    assert (second.street, second.note, second.former) == ("Tie 2", "Ring twice", None)
    assert Address.objects.get(is_default=True).pk == first.pk
    again = browser.post(undo, follow=True).content.decode()
    assert "This change can no longer be undone. Change the address instead." in again
    assert "is saved" not in browser.get(changed["Location"]).content.decode()


def test_a_change_is_undone_within_the_hour_and_then_forgotten(somebody: Person) -> None:
    browser = visitor(somebody)
    browser.post("/me/addresses/new/", STREET)
    address = Address.objects.get()
    browser.post(f"/me/addresses/{address.public_id}/", STREET | {"street": "Tie 3"})
    at = timezone.now()
    told = queries.everything_about(somebody)["people.Address"]
    assert told[0]["former"]["text"]["street"] == "Katu 1"
    services.purge(at=at + rules.ADDRESS_UNDO / 2)
    assert queries.changed_address(somebody, address.public_id, at) is not None
    late = at + rules.ADDRESS_UNDO
    assert queries.changed_address(somebody, address.public_id, late) is None
    with pytest.raises(services.AddressUndoOver):
        services.undo_change(person=somebody, address_ref=address.public_id, at=late)
    services.purge(at=late)
    address.refresh_from_db()
    assert (address.street, address.former) == ("Tie 3", None)


def test_a_wrong_address_says_what_is_wrong(somebody: Person) -> None:
    browser = visitor(somebody)
    for wrong in (
        {"street": "", "city": "Helsinki"},
        STREET | {"phone": "12"},
        STREET | {"lon": "500", "lat": "1"},
    ):
        page = browser.post("/me/addresses/new/", wrong)
        assert page.status_code == 200
        assert "error" in page.content.decode()
    assert not Address.objects.exists()


def test_an_address_can_keep_where_the_browser_is(somebody: Person) -> None:
    browser = visitor(somebody)
    assert "keep where it is" not in browser.get("/me/addresses/new/").content.decode()
    browser.cookies["hutong_here"] = "24.94,60.17"
    assert 'value="24.94,60.17"' in browser.get("/me/addresses/new/").content.decode()
    browser.post("/me/addresses/new/", STREET | {"position": "24.94,60.17"})
    kept = Address.objects.get()
    assert (kept.lon, kept.lat) == (24.94, 60.17)
    browser.post(f"/me/addresses/{kept.public_id}/", STREET | {"lon": "24.94", "lat": "60.17"})
    assert Address.objects.get().lat == 60.17


def test_signing_in_accepts_the_texts_as_they_stand(client: Client) -> None:
    client.post("/sign-in/", {"phone": PHONE})
    assert 'href="/terms/"' in client.get("/sign-in/code/").content.decode()
    client.post("/sign-in/code/", {"code": last_code(PHONE)})
    accepted = ConsentEvent.objects.order_by("pk").values_list("kind", "version", "granted", "source")
    assert list(accepted) == [("terms", "0", True, "sign_in"), ("privacy", "0", True, "sign_in")]
    site_pages.write(
        page=site_pages.SitePage.TERMS, texts={"en": "New terms."}, by=people.operator(), at=timezone.now()
    )
    client.post("/sign-out/")
    client.post("/sign-in/", {"phone": PHONE})
    client.post("/sign-in/code/", {"code": last_code(PHONE)})
    assert [line.version for line in queries.consent_history(Person.objects.get(phone=PHONE))] == [
        "1",
        "0",
        "0",
    ]
    page = client.get("/me/consents/").content.decode()
    assert "Version 1" in page
    assert "given when signing in" in page


def test_somebody_elses_address_is_not_there(somebody: Person) -> None:
    visitor(somebody).post("/me/addresses/new/", STREET)
    ref = Address.objects.get().public_id
    stranger = visitor(people.person())
    assert stranger.get(f"/me/addresses/{ref}/").status_code == 404
    visitor(somebody).post(f"/me/addresses/{ref}/", STREET | {"street": "Tie 3"})
    for verb in ("delete", "restore", "default", "undo"):
        assert stranger.post(f"/me/addresses/{ref}/{verb}/").status_code == 404
    assert Address.objects.get().deleted_at is None


def test_a_consent_is_switched_and_the_history_says_from_where(somebody: Person) -> None:
    browser = visitor(somebody)
    browser.post("/me/consents/switch/", {"kind": "marketing.sms", "on": "1"})
    browser.post("/me/consents/switch/", {"kind": "marketing.sms"})
    assert list(ConsentEvent.objects.order_by("pk").values_list("granted", "source")) == [
        (True, "account"),
        (False, "account"),
    ]
    page = browser.get("/me/consents/").content.decode()
    assert page.count("Offers by text message</p>") == 3  # the switch, and two lines of history
    assert "taken back on this page" in page


def test_e_mail_offers_need_an_address_and_terms_have_no_switch(somebody: Person) -> None:
    browser = visitor(somebody)
    for kind in ("marketing.email", "terms", "nonsense"):
        browser.post("/me/consents/switch/", {"kind": kind, "on": "1"})
    assert not ConsentEvent.objects.exists()
    assert "Add your e-mail address first." in browser.get("/me/consents/").content.decode()


def test_a_shop_that_remembers_is_listed_and_forgets(somebody: Person) -> None:
    shop = scene(at=timezone.now())
    customers.grant_consent(
        person_ref=somebody.public_id,
        merchant_ref=shop.merchant.public_id,
        source="checkout ord_x",
        at=timezone.now(),
    )
    browser = visitor(somebody)
    assert "given when buying" in browser.get("/me/consents/").content.decode()
    browser.post(f"/me/consents/{shop.merchant.public_id}/withdraw/")
    page = browser.get("/me/consents/").content.decode()
    assert "Forget me" not in page
    assert "taken back on this page" in page


def test_the_file_needs_a_new_code_in_an_old_session(somebody: Person) -> None:
    browser = stale(somebody)
    refused = browser.post("/me/data/download/")
    assert refused["Location"] == "/me/confirm/?next=%2Fme%2Fdata%2F"
    page = browser.post("/me/confirm/", {"send": "1", "next": "/me/data/"}).content.decode()
    assert 'name="code"' in page
    wrong = browser.post("/me/confirm/", {"code": "nonsense", "next": "/me/data/"}).content.decode()
    assert "This code is not right" in wrong
    assert browser.post("/me/data/download/").status_code == 302
    done = browser.post("/me/confirm/", {"code": last_code(PHONE), "next": "/me/data/"})
    assert done["Location"] == "/me/data/"
    file = browser.post("/me/data/download/")
    assert file["Content-Type"] == "application/zip"
    assert file["Cache-Control"] == "no-store"
    assert zipfile.ZipFile(io.BytesIO(file.content)).namelist() == ["data.json", "index.html"]


def test_the_code_of_one_browser_opens_no_other(somebody: Person) -> None:
    one, other = stale(somebody), stale(somebody)
    one.post("/me/confirm/", {"send": "1"})
    one.post("/me/confirm/", {"code": last_code(PHONE)})
    assert one.get("/me/data/delete/").status_code == 200
    assert other.get("/me/data/delete/").status_code == 302


def test_deleting_needs_a_yes_then_logs_out_and_signing_in_keeps_the_account(somebody: Person) -> None:
    browser = visitor(somebody)
    assert browser.post("/me/data/delete/", {}).status_code == 200
    assert Person.objects.get().erase_after is None
    assert browser.post("/me/data/delete/", {"sure": "on"})["Location"] == "/"
    assert Person.objects.get().erase_after is not None
    assert browser.get("/me/data/").status_code == 302
    browser.post("/sign-in/", {"phone": PHONE})
    browser.post("/sign-in/code/", {"code": last_code(PHONE)})
    assert Person.objects.get().erase_after is None
    assert "Your account will not be deleted." in browser.get("/").content.decode()


def test_vouchers_that_were_not_used_are_given_up_or_refunded() -> None:
    shop = scene(at=timezone.now())
    shop.bought()
    browser = visitor(shop.shopper)
    page = browser.get("/me/data/delete/").content.decode()
    assert "€19.90" in page
    refused = browser.post("/me/data/delete/", {"sure": "on"}).content.decode()
    assert "You have vouchers or a balance you did not use." in refused
    browser.post("/me/data/delete/refund/")
    page = browser.get("/me/data/delete/").content.decode()
    assert "1 refund has not arrived yet" in page  # nobody answers where the tests' provider would be
    assert "I want my account to be deleted" not in page


def test_twenty_addresses_are_enough(somebody: Person) -> None:
    browser = visitor(somebody)
    for number in range(rules.ADDRESSES_MAX + 1):
        browser.post("/me/addresses/new/", STREET | {"street": f"Katu {number}"})
    assert Address.objects.count() == rules.ADDRESSES_MAX
    assert "as many as one can keep" in browser.get("/me/addresses/").content.decode()
