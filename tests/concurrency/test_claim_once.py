"""Several people prove one listing at one moment: one gets it, the others are told so."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial

import pytest
from pytest_django.fixtures import Settings

from hutong.town.merchants import services
from hutong.town.merchants.models import Claim, Merchant, Store
from hutong.town.merchants.types import ClaimState
from tests.concurrency.race import WAIT_S, all_at_once, race
from tests.factories import joining, people

pytestmark = pytest.mark.django_db(transaction=True)

CLAIMANTS = 3


def test_one_of_three_claimants_gets_the_store(at: datetime, settings: Settings) -> None:
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "tray"
    store = joining.listing()
    calls = []
    for _ in range(CLAIMANTS):
        person = people.person()
        ref = joining.start(store, person, at=at)
        code = joining.told(joining.SHOP_PHONE)
        calls.append(partial(services.prove_claim, claim_ref=ref, code=code, by=person, at=at))
    answers = race(calls, expected=(services.StoreTaken,))
    won = [answer for answer in answers if isinstance(answer, str)]
    store.refresh_from_db()
    assert store.merchant is not None
    assert won == [store.merchant.public_id]
    # Who lost has made no merchant along the way, and no claim but one is decided.
    assert Merchant.objects.count() == 1
    assert Claim.objects.filter(state=ClaimState.PROVED.value).count() == 1


def test_control_reading_before_writing_gives_it_to_all(at: datetime) -> None:
    store = joining.listing()
    owners = [
        services.apply_merchant(
            names={"name": "Oy"}, region=store.region, phone="", by=people.person(), at=at
        )
        for _ in range(CLAIMANTS)
    ]
    read = threading.Barrier(CLAIMANTS, timeout=WAIT_S)

    def naive(number: int) -> bool:
        found = Store.objects.get(pk=store.pk)
        read.wait()
        if found.merchant_id is not None:
            return False
        found.merchant = owners[number]
        found.save(update_fields=["merchant"])
        return True

    assert all_at_once(CLAIMANTS, naive) == [True] * CLAIMANTS
