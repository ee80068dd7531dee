"""Team, invitations, devices and stores on the pages of a shop; what somebody sees whose rights ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from hutong.flows import jobs
from hutong.kernel import clock
from hutong.town.merchants import queries, services
from hutong.town.merchants.models import Device, Invitation, Pairing, Staff
from hutong.town.merchants.types import Role, StoreState
from hutong.town.people.models import Person
from hutong.town.people.queries import messages
from hutong.visit.vouchers.models import Redemption
from tests.factories import joining, merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def tray(settings: Settings) -> None:
    settings.HUTONG_SMS = "tray"


@pytest.fixture
def made() -> Shop:
    return shop()


def staff_of(person: Person) -> Staff:
    return Staff.objects.get(person=person, revoked_at=None)


def body(browser: Client, address: str, status: int = 200) -> str:
    response = browser.get(address)
    assert response.status_code == status
    return response.content.decode()


def invited_address(made: Shop, **more: object) -> str:
    ref, key = joining.invitation(made.scene.merchant, made.owner, at=clock.now(), **more)  # type: ignore[arg-type]
    return f"/merchant/invited/{ref}/{key}/"


def test_an_invitation_goes_out_and_is_taken(made: Shop) -> None:
    guest = people.person()
    sent = visitor(made.owner).post("/merchant/team/invite/", {"role": "manager", "to": guest.phone})
    assert sent.status_code == 302
    page = body(visitor(made.owner), sent["Location"])
    link = re.search(r"/merchant/invited/\S+?/\S+?/", page)
    assert link is not None
    assert link[0] in messages(1, to=guest.phone or "")[0].body
    assert (guest.phone or "?") not in page
    assert "Sign in and join" in body(visitor(), link[0])
    browser = visitor(guest)
    assert "Manager" in body(browser, link[0])
    assert browser.post(f"{link[0]}accept/")["Location"] == "/merchant/"
    assert staff_of(guest).role == Role.MANAGER.value
    again = browser.get(link[0])
    assert again.status_code == 409
    assert "has been used already" in again.content.decode()


def test_who_has_no_name_yet_may_say_it_on_joining(made: Shop) -> None:
    nameless, silent, named = people.person(name=""), people.person(name=""), people.person(name="Nina")
    for guest, sent, called in (
        (nameless, {"name": "Kaisa Kassa"}, "Kaisa Kassa"),
        (silent, {}, ""),
        (named, {"name": "Somebody Else"}, "Nina"),
    ):
        address = invited_address(made)
        assert ('name="name"' in body(visitor(guest), address)) is (guest is not named)
        assert visitor(guest).post(f"{address}accept/", sent).status_code == 302
        guest.refresh_from_db()
        assert guest.name == called
    jobs.drain()
    bell = body(visitor(made.owner), "/notifications/")
    assert "Kaisa Kassa has joined" in bell
    assert f"{(silent.phone or '?')[-3:]} has joined" in bell
    assert (silent.phone or "?") not in bell


def test_an_operator_who_acts_cannot_leave_the_team(made: Shop) -> None:
    browser = visitor(people.operator())
    browser.post(f"/operator/merchants/{made.scene.merchant.public_id}/act/", {"reason": "They asked"})
    assert "/team/leave/" not in body(browser, "/merchant/desk/")
    refused = browser.post("/merchant/team/leave/")
    assert refused.status_code == 403
    assert "You act for this shop and do not work in it." in refused.content.decode()
    assert Staff.objects.filter(merchant=made.scene.merchant, revoked_at=None).count() == 2
    # acting goes on, and is ended where it says
    assert browser.get("/merchant/deals/").status_code == 200
    browser.post("/operator/acting/stop/")
    assert browser.get("/merchant/deals/").status_code == 403


def test_signing_in_comes_back_to_the_invitation(made: Shop) -> None:
    address = invited_address(made)
    assert f'href="/sign-in/?next={address}"' in body(visitor(), address)


@pytest.mark.parametrize("how", ["expired", "revoked", "forwarded", "copied badly"])
def test_an_invitation_that_cannot_be_taken_says_why(made: Shop, how: str) -> None:
    guest, friend = people.person(), people.person()
    address = invited_address(made, to=guest.phone)
    status, said = {
        "expired": (410, "older than 7 days"),
        "revoked": (410, "taken this invitation back"),
        "forwarded": (403, "is for +358"),
        "copied badly": (404, "copied whole"),
    }[how]
    if how == "expired":
        Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    if how == "revoked":
        Invitation.objects.update(revoked_at=clock.now())
    if how == "copied badly":
        address = f"{address[:-3]}/"
    browser = visitor(friend if how == "forwarded" else guest)
    for response in (browser.get(address), browser.post(f"{address}accept/")):
        assert response.status_code == status
        assert said in response.content.decode()
        assert (guest.phone or "?") not in response.content.decode()
    assert not Staff.objects.filter(person__in=[guest, friend]).exists()


def test_a_manager_does_not_see_an_owners_invitation(made: Shop) -> None:
    manager = people.person()
    merchants.staff(merchant=made.scene.merchant, person=manager, role=Role.MANAGER)
    ref, key = joining.invitation(made.scene.merchant, made.owner, at=clock.now(), role=Role.OWNER)
    browser = visitor(manager)
    assert browser.get(f"/merchant/team/invitations/{ref}/").status_code == 403
    assert browser.post(f"/merchant/team/invitations/{ref}/revoke/").status_code == 403
    assert key not in body(browser, "/merchant/team/")
    forged = browser.post("/merchant/team/invite/", {"role": "owner", "to": ""})
    assert forged.status_code == 422
    assert key in body(visitor(made.owner), f"/merchant/team/invitations/{ref}/")


def test_the_team_page_tells_roles_in_words(made: Shop) -> None:
    page = body(visitor(made.owner), "/merchant/team/")
    assert "Kalle Cashier" in page
    assert "Take back scans of others" in page
    assert (made.cashier.phone or "?") not in page


def test_a_role_is_changed_and_taken(made: Shop) -> None:
    browser, staff = visitor(made.owner), staff_of(made.cashier)
    changed = browser.post(f"/merchant/team/{staff.pk}/", {"role": "manager", "store": ""})
    assert changed.status_code == 302
    staff = staff_of(made.cashier)
    assert (staff.role, staff.store) == (Role.MANAGER.value, None)
    assert browser.post(f"/merchant/team/{staff.pk}/remove/").status_code == 302
    assert not Staff.objects.filter(person=made.cashier, revoked_at=None).exists()


def test_the_last_owner_is_told_to_find_another_one(made: Shop) -> None:
    browser, own = visitor(made.owner), staff_of(made.owner)
    left = browser.post("/merchant/team/leave/", follow=True)
    assert "A shop needs an owner" in left.content.decode()
    demoted = browser.post(f"/merchant/team/{own.pk}/", {"role": "cashier", "store": ""})
    assert demoted.status_code == 409
    assert "A shop needs an owner" in demoted.content.decode()
    assert staff_of(made.owner).role == Role.OWNER.value


def test_an_owner_hands_over(made: Shop) -> None:
    heir = staff_of(made.cashier)
    assert visitor(made.owner).post(f"/merchant/team/{heir.pk}/hand-over/").status_code == 302
    roles = {role.role for role in queries.staff_roles(made.cashier)}
    assert Role.OWNER in roles
    assert [role.role for role in queries.staff_roles(made.owner)] == [Role.MANAGER]


def test_people_of_another_shop_are_nobody_here(made: Shop) -> None:
    other = shop()
    browser, staff = visitor(other.owner), staff_of(made.cashier)
    for address in ("", "remove/", "hand-over/"):
        assert browser.post(f"/merchant/team/{staff.pk}/{address}", {"role": "cashier"}).status_code == 404
    assert staff_of(made.cashier) == staff


def test_who_is_removed_while_scanning_is_told_at_the_next_scan(made: Shop) -> None:
    (voucher,) = made.scene.bought()
    browser = visitor(made.cashier)
    assert browser.get("/merchant/scan/").status_code == 200
    services.revoke_staff(staff_id=staff_of(made.cashier).pk, by=made.owner, at=clock.now())
    scan = {"code": voucher.code, "nonce": "n" * 16}
    by_script = browser.post("/merchant/scan/", scan, headers=HTMX)
    assert (by_script.status_code, by_script["HX-Redirect"]) == (204, "/merchant/scan/")
    refused = browser.post("/merchant/scan/", scan)
    assert refused.status_code == 403
    assert "You do not work in this shop any more" in refused.content.decode()
    assert "Nothing you scan now is redeemed" in refused.content.decode()
    assert Redemption.objects.count() == 0


def paired_phone(made: Shop) -> Client:
    """A phone that became a scanner by the owner's QR, with nobody signed in."""
    started = visitor(made.owner).post("/merchant/desk/pairing/")
    ref = Pairing.objects.latest("pk").public_id
    assert started["Location"] == f"/merchant/desk/pairing/{ref}/"
    phone = visitor()
    address = f"/merchant/pair/{ref}/{services.pairing_key(ref)}/"
    assert "Make this phone a scanner" in body(phone, address)
    assert phone.post(address, {"name": ""}).status_code == 422
    assert phone.post(address, {"name": "Bar"})["Location"] == "/merchant/scan/"
    return phone


def test_a_phone_pairs_by_qr_and_scans(made: Shop) -> None:
    (voucher,) = made.scene.bought()
    phone = paired_phone(made)
    ref = Pairing.objects.get().public_id
    shown = visitor(made.owner).get(f"/merchant/desk/pairing/{ref}/", headers=HTMX).content.decode()
    assert "“Bar” scans for this store now" in shown
    scanned = phone.post("/merchant/scan/", {"code": voucher.code, "nonce": "n" * 16})
    assert scanned.status_code == 200
    assert Redemption.objects.get().device == Device.objects.get(name="Bar")
    second = visitor().get(f"/merchant/pair/{ref}/{services.pairing_key(ref)}/")
    assert second.status_code == 410
    assert "used or older than 10 minutes" in second.content.decode()


def test_a_revoked_phone_says_so_at_its_next_request(made: Shop) -> None:
    phone = paired_phone(made)
    device = Device.objects.get(name="Bar")
    assert "last seen" in body(visitor(made.owner), "/merchant/desk/")
    visitor(made.owner).post(f"/merchant/desk/unpair/{device.public_id}/")
    by_script = phone.post("/merchant/scan/", {"code": "x", "nonce": "n" * 16}, headers=HTMX)
    assert by_script["HX-Redirect"] == "/merchant/scan/"
    page = body(phone, "/merchant/scan/", 403)
    assert "This phone is no scanner any more" in page
    assert "“Bar”" in page
    assert phone.get("/merchant/scan/").status_code == 302


def test_devices_of_who_left_are_shown_to_be_looked_at(made: Shop) -> None:
    manager = people.person(name="Mika")
    merchants.staff(merchant=made.scene.merchant, person=manager, role=Role.MANAGER)
    services.pair_device(store_ref=made.scene.store.public_id, name="Bar", by=manager, at=clock.now())
    browser, staff = visitor(made.owner), staff_of(manager)
    assert "Devices this person paired" in body(browser, f"/merchant/team/{staff.pk}/")
    removed = browser.post(f"/merchant/team/{staff.pk}/remove/")
    assert removed["Location"] == "/merchant/team/#paired"
    page = body(browser, "/merchant/team/")
    assert "Still paired" in page
    assert "Mika" in page


def test_a_store_is_closed_and_opened(made: Shop) -> None:
    browser, store = visitor(made.owner), made.scene.store
    for state in ("paused", "open"):
        answer = browser.post(f"/merchant/stores/{store.public_id}/state/", {"to": state}, follow=True)
        assert answer.status_code == 200
        store.refresh_from_db()
        assert store.state == StoreState(state).value
    assert browser.post(f"/merchant/stores/{store.public_id}/state/", {"to": "gone"}).status_code == 404
    other = shop().scene.store
    assert browser.post(f"/merchant/stores/{other.public_id}/state/", {"to": "closed"}).status_code == 404


def test_a_paused_store_redeems_nothing(made: Shop) -> None:
    (voucher,) = made.scene.bought()
    browser, store = visitor(made.owner), made.scene.store
    browser.post(f"/merchant/stores/{store.public_id}/state/", {"to": "paused"})
    assert browser.get("/merchant/scan/").status_code == 200
    assert browser.post("/merchant/scan/", {"code": voucher.code, "nonce": "n" * 16}).status_code == 403
    assert Redemption.objects.count() == 0


def test_the_company_is_written_down(made: Shop) -> None:
    browser = visitor(made.owner)
    facts = {
        "name_en": "Coffee",
        "legal_name": "Kahvila Oy",
        "business_id": "1234567-8",
        "phone": "0401111111",
    }
    assert browser.post("/merchant/company/", facts).status_code == 302
    assert "1234567-8" in body(browser, "/merchant/company/")
    wrong = browser.post("/merchant/company/", facts | {"phone": "12"})
    assert wrong.status_code == 422
    assert "phone number" in wrong.content.decode()


def test_statements_of_the_team_do_not_grow_with_it(
    made: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = visitor(made.owner)
    browser.get("/merchant/team/")
    for _ in range(2):
        with django_assert_max_num_queries(12):
            browser.get("/merchant/team/")
        for _each in range(2):
            merchants.staff(merchant=made.scene.merchant, person=people.person())
            joining.invitation(made.scene.merchant, made.owner, at=clock.now())
