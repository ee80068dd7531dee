"""In the shop: a use is redeemed once, its money follows, it can be undone, and the shop remembers."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import jobs, redeem
from hutong.kernel.errors import TooMany
from hutong.kernel.money import Money
from hutong.know.customers import queries as customers
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.town.merchants import services as merchant_services
from hutong.town.merchants.models import Staff
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import CodeMistyped, VoucherAlreadyUsed, VoucherExpired, VoucherUnknown
from hutong.visit.vouchers.types import VoucherState
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def balances(shop: Scene) -> tuple[int, int, int]:
    """Unredeemed, payable, commission in cents."""
    merchant_ref = shop.merchant.public_id
    return (
        balance(AccountKind.UNREDEEMED, merchant_ref, "EUR").minor,
        balance(AccountKind.PAYABLE, merchant_ref, "EUR").minor,
        balance(AccountKind.COMMISSION, "platform", "EUR").minor,
    )


def test_money_follows_the_use(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    assert balances(shop) == (1990, 0, 0)
    result = shop.scan(voucher.code)
    assert (result.voucher_ref, result.uses_left) == (voucher.ref, 0)
    assert balances(shop) == (0, 1791, 199)
    seen = vouchers.voucher_view(voucher.ref, shop.shopper, at=at)
    assert seen is not None
    assert seen.state is VoucherState.USED
    assert seen.uses[0].store_names == shop.store.names


def test_qr_text_and_sloppy_typing_are_read(at: datetime) -> None:
    shop = scene(at=at)
    first, second = shop.bought(quantity=2)
    shop.scan(first.qr_text)
    shop.scan(second.code.lower().replace("-", " "))


def test_second_scan_says_when_and_where(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    with pytest.raises(VoucherAlreadyUsed) as refused:
        shop.scan(voucher.code, at=at + timedelta(minutes=5))
    assert refused.value.details["used_at"] == at
    assert refused.value.details["store_ref"] == shop.store.public_id


def test_same_nonce_same_answer(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    first = shop.scan(voucher.code, nonce="n1")
    again = shop.scan(voucher.code, nonce="n1", at=at + timedelta(minutes=1))
    assert again.replay
    assert again.redemption_ref == first.redemption_ref
    assert balances(shop) == (0, 1791, 199)


def test_foreign_and_made_up_codes_look_the_same(at: datetime) -> None:
    shop, other = scene(at=at), scene(at=at)
    (voucher,) = shop.bought()
    with pytest.raises(VoucherUnknown) as foreign:
        other.scan(voucher.code)
    made_up = vouchers.code_of("vch_that_does_not_exist")
    with pytest.raises(VoucherUnknown) as unknown:
        other.scan(made_up)
    assert str(foreign.value) == str(unknown.value)
    assert foreign.value.details == unknown.value.details
    with pytest.raises(CodeMistyped):
        other.scan("2222-2222-2222-2223")


def test_expired_voucher_is_refused(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    with pytest.raises(VoucherExpired):
        shop.scan(voucher.code, at=voucher.valid_until + timedelta(seconds=1))


def test_guessing_is_stopped(at: datetime) -> None:
    shop = scene(at=at)
    shop.bought()
    with pytest.raises(TooMany):
        for guess in range(60):
            with pytest.raises(VoucherUnknown):
                shop.scan(vouchers.code_of(f"vch_guess_{guess}"))


def test_unpaired_device_may_not_redeem(at: datetime) -> None:
    shop = scene(at=at)
    merchant_services.revoke_device(device_ref=shop.device.public_id, by=people.operator(), at=at)
    with pytest.raises(redeem.MayNotRedeem):
        redeem.actor_for(device_ref=shop.device.public_id)


def test_only_staff_of_the_store_may_redeem(at: datetime) -> None:
    shop = scene(at=at)
    cashier = merchants.staff(merchant=shop.merchant, store=shop.store).person
    assert redeem.actor_for(person=cashier, store_ref=shop.store.public_id).ref == cashier.public_id
    for stranger in (people.person(), people.operator()):
        with pytest.raises(redeem.MayNotRedeem):
            redeem.actor_for(person=stranger, store_ref=shop.store.public_id)


def test_undo_takes_everything_back(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    result = shop.scan(voucher.code)
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    redeem.undo(redemption_ref=result.redemption_ref, actor=actor, at=at + timedelta(minutes=14))
    assert balances(shop) == (1990, 0, 0)
    jobs.drain()
    shop.scan(voucher.code, at=at + timedelta(minutes=20))
    assert balances(shop) == (0, 1791, 199)


def test_who_left_the_shop_cannot_undo_there(at: datetime) -> None:
    shop, other = scene(at=at), scene(at=at)
    (voucher,) = shop.bought()
    post = merchants.staff(merchant=shop.merchant, store=shop.store)
    cashier = post.person
    actor = redeem.actor_for(person=cashier, store_ref=shop.store.public_id)
    result = redeem.redeem(
        wanted=redeem.Wanted(voucher.code), actor=actor, nonce="n1", address="127.0.0.1", at=at
    )
    merchants.staff(merchant=other.merchant, store=other.store, person=cashier)
    Staff.objects.filter(pk=post.pk).update(revoked_at=at)
    elsewhere = redeem.actor_for(person=cashier, store_ref=other.store.public_id)
    with pytest.raises(redeem.MayNotRedeem):
        redeem.undo(redemption_ref=result.redemption_ref, actor=elsewhere, at=at)
    assert balances(shop) == (0, 1791, 199)


def test_shop_knows_it_afterwards(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()
    (customer,) = customers.customer_list(shop.merchant.public_id, at=at).rows
    assert customer.visits == 1
    assert customer.spent == Money(1990, "EUR")
    assert "•" in customer.phone_masked
    assert shop.shopper.phone is not None
    assert shop.shopper.phone[5:9] not in customer.phone_masked


def test_without_consent_nothing_is_remembered(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought(consent=False)
    shop.scan(voucher.code)
    jobs.drain()
    assert customers.customer_list(shop.merchant.public_id, at=at).rows == ()


def test_statements_of_a_redemption(at: datetime) -> None:
    shop = scene(at=at)
    first, second = shop.bought(quantity=2)
    shop.scan(first.code)  # the accounts exist from now on, as in a running shop
    with CaptureQueriesContext(connection) as statements:
        shop.scan(second.code)
    assert len(statements) <= 15, "\n".join(query["sql"] for query in statements)
