"""Taking over a listing: by a code to the shop itself, or by a document that an operator looks at."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound, TooMany
from hutong.town.merchants import queries, rules, services
from hutong.town.merchants.models import Claim, Device, Merchant, Staff, Store
from hutong.town.merchants.types import ClaimKind, ClaimMethod, ClaimState, MerchantState, Role, StoreState
from hutong.town.people.queries import messages
from hutong.town.people.services import EmailInvalid
from hutong.town.pictures.services.errors import PictureUnreadable
from hutong.town.regions.services import set_feature
from hutong.town.regions.types import Feature
from tests.factories import joining, merchants, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """A folder for documents, and messages that can be read."""
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "tray"
    settings.EMAIL_BACKEND = "hutong.town.people.senders.mail.TrayEmailBackend"
    settings.HUTONG_HOME = tmp_path
    return tmp_path


def state_of(claim_ref: str) -> ClaimState:
    return ClaimState(Claim.objects.get(public_id=claim_ref).state)


def test_a_code_spoken_to_the_shop_gives_it_away_at_once(at: datetime) -> None:
    store, olga = joining.listing(), people.person(name="Olga")
    ref = joining.start(store, olga, at=at)
    merchant_ref = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at)
    store.refresh_from_db()
    assert store.merchant is not None
    assert store.merchant.public_id == merchant_ref
    assert store.merchant.state == MerchantState.APPLIED.value
    assert Staff.objects.get(merchant=store.merchant).role == Role.OWNER.value
    assert state_of(ref) is ClaimState.PROVED
    actions = [entry.action for entry in audit.search(actor=olga.public_id).entries]
    assert actions == ["claim.proved", "store.claimed", "merchant.applied", "claim.code_sent"]


def test_no_message_goes_to_who_claims(at: datetime) -> None:
    olga = people.person()
    joining.start(joining.listing(), olga, at=at)
    assert people_messages(olga.phone or "") == 0
    assert people_messages(joining.SHOP_PHONE) == 1


def people_messages(to: str) -> int:
    return len(messages(10, to=to))


def test_three_wrong_codes_end_the_code(at: datetime) -> None:
    store, olga = joining.listing(), people.person()
    ref = joining.start(store, olga, at=at)
    code = joining.told(joining.SHOP_PHONE)
    wrong = "000000" if code != "000000" else "000001"
    for left in (2, 1, 0):
        with pytest.raises(services.ClaimCodeWrong) as caught:
            services.prove_claim(claim_ref=ref, code=wrong, by=olga, at=at)
        assert caught.value.details["tries_left"] == left
    with pytest.raises(services.ClaimCodeOver):
        services.prove_claim(claim_ref=ref, code=code, by=olga, at=at)
    assert Store.objects.get(pk=store.pk).merchant is None


def test_a_code_is_old_after_a_quarter_of_an_hour(at: datetime) -> None:
    olga = people.person()
    ref = joining.start(joining.listing(), olga, at=at)
    with pytest.raises(services.ClaimCodeOver):
        services.prove_claim(
            claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at + rules.CLAIM_CODE_LIFETIME
        )


def test_a_code_is_the_claimants_alone(at: datetime) -> None:
    ref = joining.start(joining.listing(), people.person(), at=at)
    with pytest.raises(NotFound):
        services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=people.person(), at=at)


def test_a_shop_is_called_three_times_a_day_whoever_asks(at: datetime) -> None:
    store = joining.listing()
    for _ in range(3):
        joining.start(store, people.person(), at=at)
    with pytest.raises(TooMany):
        joining.start(store, people.person(), at=at)
    joining.start(store, people.person(), at=at + timedelta(days=1))


def test_a_person_asks_for_ten_codes_a_day(at: datetime) -> None:
    olga = people.person()
    for number in range(10):
        joining.start(joining.listing(phone=f"+3589123456{number:02d}"), olga, at=at)
    with pytest.raises(TooMany):
        joining.start(joining.listing(phone="+358912345699"), olga, at=at)


@pytest.mark.parametrize(
    ("website", "email", "written"),
    [
        ("https://www.kahvila.fi/", "", "olga@kahvila.fi"),
        ("https://shop.kahvila.fi/", "", "olga@kahvila.fi"),
        ("https://kahvila.co.uk", "", "Olga@Kahvila.co.uk"),
        ("", "kahvila@gmail.com", ""),
        ("", "kahvila@gmail.com", "Kahvila@gmail.com"),
    ],
)
def test_a_mailbox_of_the_shop_proves_it(at: datetime, website: str, email: str, written: str) -> None:
    store, olga = joining.listing(phone="", website=website, email=email), people.person()
    ref = joining.start(store, olga, at=at, method=ClaimMethod.EMAIL, email=written)
    sent_to = (written or email).lower()
    services.prove_claim(claim_ref=ref, code=joining.told(sent_to), by=olga, at=at)
    assert Store.objects.get(pk=store.pk).merchant is not None


@pytest.mark.parametrize(
    ("website", "written"),
    [
        ("https://www.kahvila.fi/", "olga@muu.fi"),
        ("https://www.kahvila.fi/", "olga@notkahvila.fi"),
        ("https://www.kahvila.fi/", "olga@www.kahvila.fi.evil.com"),
        ("https://kahvila.co.uk/", "olga@co.uk"),
        ("https://kahvila.wixsite.com/", "olga@wixsite.com"),
        ("https://www.facebook.com/kahvila", "olga@facebook.com"),
        ("https://gmail.com/", "olga@gmail.com"),
        ("", "olga@gmail.com"),
    ],
)
def test_a_mailbox_elsewhere_proves_nothing(at: datetime, website: str, written: str) -> None:
    store = joining.listing(phone="", website=website)
    with pytest.raises(services.EmailElsewhere):
        joining.start(store, people.person(), at=at, method=ClaimMethod.EMAIL, email=written)


def test_without_a_phone_or_a_mailbox_there_is_no_code(at: datetime) -> None:
    store = joining.listing(phone="")
    with pytest.raises(services.ClaimImpossible):
        joining.start(store, people.person(), at=at)
    with pytest.raises(EmailInvalid):
        joining.start(store, people.person(), at=at, method=ClaimMethod.EMAIL)
    with pytest.raises(services.ClaimImpossible):
        joining.start(joining.listing(phone="ask inside"), people.person(), at=at)


def test_a_chain_claims_another_listing(at: datetime) -> None:
    olga = people.person()
    chain = merchants.merchant(owner=olga)
    ref = joining.start(joining.listing(), olga, at=at, merchant=chain)
    got = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at)
    assert got == chain.public_id
    assert Merchant.objects.count() == 1


def test_nobody_claims_for_somebody_elses_chain(at: datetime) -> None:
    chain = merchants.merchant()
    manager = people.person()
    merchants.staff(merchant=chain, person=manager, role=Role.MANAGER)
    for stranger in (people.person(), manager):
        with pytest.raises(Forbidden):
            joining.start(joining.listing(), stranger, at=at, merchant=chain)


def test_an_owned_listing_gets_no_code(at: datetime) -> None:
    store = merchants.store()
    Store.objects.filter(pk=store.pk).update(phone=joining.SHOP_PHONE)
    with pytest.raises(services.StoreTaken):
        joining.start(store, people.person(), at=at)


def test_claims_can_be_switched_off(at: datetime) -> None:
    store = joining.listing()
    set_feature(
        region_ref=store.region.public_id,
        feature=Feature.CLAIMS,
        on=False,
        by=people.operator().public_id,
        at=at,
    )
    with pytest.raises(services.ClaimsClosed):
        joining.start(store, people.person(), at=at)
    with pytest.raises(services.ClaimsClosed):
        joining.submit(store, people.person(), at=at)


def test_a_document_waits_for_the_operator(at: datetime, home: Path) -> None:
    store, olga, operator = joining.listing(), people.person(), people.operator()
    ref = joining.submit(store, olga, at=at)
    assert Store.objects.get(pk=store.pk).merchant is None
    (waiting,) = queries.open_claims()
    assert (waiting.ref, waiting.kind, waiting.person_phone) == (ref, ClaimKind.CLAIM, olga.phone)
    found = services.claim_document(ref)
    assert found is not None
    path, media_type = found
    assert (media_type, path.read_bytes()) == ("application/pdf", b"%PDF-1.7 a lease")
    assert path.is_relative_to(home / "private" / "claims")
    assert path.stat().st_mode & 0o077 == 0
    services.decide_claim(claim_ref=ref, approve=True, by=operator, at=at)
    assert state_of(ref) is ClaimState.APPROVED
    assert Staff.objects.get(merchant=Store.objects.get(pk=store.pk).merchant).person == olga
    assert queries.open_claims() == []


def test_a_refusal_has_a_reason_and_leaves_the_listing_free(at: datetime) -> None:
    store, olga = joining.listing(), people.person()
    ref = joining.submit(store, olga, at=at)
    with pytest.raises(services.ReasonMissing):
        services.decide_claim(claim_ref=ref, approve=False, reason=" ", by=people.operator(), at=at)
    services.decide_claim(claim_ref=ref, approve=False, reason="Unreadable.", by=people.operator(), at=at)
    assert Merchant.objects.count() == 0
    (shown,) = queries.claims_of(olga)
    assert (shown.state, shown.reason) == (ClaimState.REJECTED, "Unreadable.")
    with pytest.raises(services.ClaimDecided):
        services.decide_claim(claim_ref=ref, approve=True, by=people.operator(), at=at)


def test_only_operators_decide(at: datetime) -> None:
    olga = people.person()
    ref = joining.submit(joining.listing(), olga, at=at)
    with pytest.raises(Forbidden):
        services.decide_claim(claim_ref=ref, approve=True, by=olga, at=at)


def test_of_a_photo_only_the_pixels_are_kept(at: datetime) -> None:
    upload = joining.photo()
    assert b"a secret place" in upload
    ref = joining.submit(joining.listing(), people.person(), at=at, data=upload)
    found = services.claim_document(ref)
    assert found is not None
    kept = found[0].read_bytes()
    assert b"a secret place" not in kept
    assert Image.open(io.BytesIO(kept)).format == "JPEG"


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"MZ\x90", b"%PDF-" + b"x" * (10 * 1024 * 1024)]
)
def test_what_is_no_document_is_refused(at: datetime, data: bytes) -> None:
    with pytest.raises(services.DocumentInvalid):
        joining.submit(joining.listing(), people.person(), at=at, data=data)
    assert Claim.objects.count() == 0


def test_a_broken_photo_is_refused(at: datetime) -> None:
    with pytest.raises(PictureUnreadable):
        joining.submit(joining.listing(), people.person(), at=at, data=joining.photo()[:400])


def test_a_withdrawn_claim_leaves_no_document(
    at: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    olga = people.person()
    ref = joining.submit(joining.listing(), olga, at=at)
    path, _media = services.claim_document(ref) or (Path(), "")
    assert path.is_file()
    with django_capture_on_commit_callbacks(execute=True):
        services.withdraw_claim(claim_ref=ref, by=olga, at=at)
    assert not path.exists()
    assert state_of(ref) is ClaimState.WITHDRAWN
    with pytest.raises(services.ClaimDecided):
        services.withdraw_claim(claim_ref=ref, by=olga, at=at)


def test_a_claim_that_waits_becomes_a_dispute_when_somebody_else_proves_it(at: datetime) -> None:
    store, slow, quick = joining.listing(), people.person(), people.person()
    ref = joining.submit(store, slow, at=at)
    fast = joining.start(store, quick, at=at)
    services.prove_claim(claim_ref=fast, code=joining.told(joining.SHOP_PHONE), by=quick, at=at)
    (waiting,) = queries.open_claims()
    assert (waiting.ref, waiting.kind) == (ref, ClaimKind.DISPUTE)


def test_a_dispute_that_is_won_takes_nothing_of_the_old_owners_along(at: datetime) -> None:
    owner, rival, operator = people.person(), people.person(), people.operator()
    store = joining.listing()
    ref = joining.start(store, owner, at=at)
    old_ref = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=owner, at=at)
    services.pair_device(store_ref=store.public_id, name="Till", by=owner, at=at)
    osm_ref = store.osm_ref
    dispute = joining.submit(store, rival, at=at)
    services.decide_claim(claim_ref=dispute, approve=True, by=operator, at=at)
    store.refresh_from_db()
    assert (store.state, store.osm_ref) == (StoreState.CLOSED.value, None)
    assert Device.objects.filter(store=store, revoked_at=None).count() == 0
    moved = Store.objects.get(osm_ref=osm_ref)
    assert moved.merchant is not None
    assert moved.merchant.public_id != old_ref
    assert Staff.objects.get(merchant=moved.merchant).person == rival
    assert (moved.names, moved.phone) == (store.names, store.phone)


def test_an_owner_does_not_dispute_the_own_store(at: datetime) -> None:
    olga = people.person()
    store = merchants.store(merchant=merchants.merchant(owner=olga))
    with pytest.raises(services.StoreYours):
        joining.submit(store, olga, at=at)


def test_a_refused_merchants_listing_is_free_again(at: datetime) -> None:
    store, olga, operator = joining.listing(), people.person(), people.operator()
    ref = joining.start(store, olga, at=at)
    merchant_ref = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at)
    services.pair_device(store_ref=store.public_id, name="Till", by=olga, at=at)
    services.decide_merchant(
        merchant_ref=merchant_ref, approve=False, reason="No such company.", by=operator, at=at
    )
    store.refresh_from_db()
    assert (store.merchant, store.state) == (None, StoreState.OPEN.value)
    assert Device.objects.filter(revoked_at=None).count() == 0
    services.apply_again(merchant_ref=merchant_ref, by=olga, at=at)
    store.refresh_from_db()
    assert store.merchant is not None
    assert store.merchant.public_id == merchant_ref
    assert store.merchant.state == MerchantState.APPLIED.value


def test_what_somebody_else_has_meanwhile_does_not_come_back(at: datetime) -> None:
    store, olga, rival, operator = joining.listing(), people.person(), people.person(), people.operator()
    ref = joining.start(store, olga, at=at)
    merchant_ref = services.prove_claim(claim_ref=ref, code=joining.told(joining.SHOP_PHONE), by=olga, at=at)
    services.decide_merchant(merchant_ref=merchant_ref, approve=False, reason="No.", by=operator, at=at)
    again = joining.start(store, rival, at=at)
    services.prove_claim(claim_ref=again, code=joining.told(joining.SHOP_PHONE), by=rival, at=at)
    services.decide_merchant(merchant_ref=merchant_ref, approve=True, by=operator, at=at)
    store.refresh_from_db()
    assert store.merchant is not None
    assert store.merchant.public_id != merchant_ref


def test_only_a_refused_merchant_applies_again(at: datetime) -> None:
    olga = people.person()
    waiting = merchants.merchant(owner=olga, approved=False)
    with pytest.raises(services.MerchantAlreadyDecided):
        services.apply_again(merchant_ref=waiting.public_id, by=olga, at=at)
    with pytest.raises(Forbidden):
        services.apply_again(merchant_ref=waiting.public_id, by=people.person(), at=at)
