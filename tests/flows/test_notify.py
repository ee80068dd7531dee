"""Who is told what: by role, right and store, once, and what the clock notices."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import acting, approve, extend_vouchers, jobs, redeem, watch
from hutong.flows.notify import fan_out, notify
from hutong.kernel.rows import scalar
from hutong.pay.payments.models import Payment
from hutong.town.catalog import services as catalog_services
from hutong.town.merchants.models import Merchant, Staff, Store
from hutong.town.merchants.types import Role
from hutong.town.notifications import queries
from hutong.town.notifications.models import Delivery, Notification
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries as vouchers_read
from hutong.visit.vouchers import services as voucher_services
from hutong.visit.vouchers.types import RefundPromise, VoucherView
from tests.factories import catalog, merchants, notifications, people, vouchers
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def told(person: Person) -> list[str]:
    """The kinds a person was told, the oldest first."""
    return list(Notification.objects.filter(person=person).order_by("pk").values_list("kind", flat=True))


def owner_of(merchant: Merchant) -> Person:
    return Staff.objects.get(merchant=merchant, role=Role.OWNER.value).person


def merchant_of(store: Store) -> Merchant:
    assert store.merchant is not None
    return store.merchant


def test_staff_are_told_by_right_and_store(at: datetime) -> None:
    here = merchants.store(name="Here")
    merchant = merchant_of(here)
    there = merchants.store(merchant=merchant, name="There")
    team = {
        name: merchants.staff(merchant=merchant, person=people.person(), role=role, store=store).person
        for name, role, store in (
            ("manager", Role.MANAGER, None),
            ("manager here", Role.MANAGER, here),
            ("manager there", Role.MANAGER, there),
            ("cashier here", Role.CASHIER, here),
        )
    }
    stranger = owner_of(merchant_of(merchants.store(name="Elsewhere")))
    former = merchants.staff(merchant=merchant, person=people.person(), role=Role.MANAGER)
    Staff.objects.filter(pk=former.pk).update(revoked_at=at)
    params = {"device": "Till 1", "store": here.names}
    notify(
        Kind.DEVICE_PAIRED, at=at, merchant_ref=merchant.public_id, store_ref=here.public_id, params=params
    )
    notify(Kind.TEAM_CHANGED, at=at, merchant_ref=merchant.public_id, params={"merchant": merchant.names})
    jobs.drain()
    paired, changed = "device_paired", "team_changed"
    assert told(owner_of(merchant)) == [paired, changed]
    assert told(team["manager"]) == [paired, changed]
    assert told(team["manager here"]) == [paired]
    for nobody in (team["manager there"], team["cashier here"], stranger, former.person):
        assert told(nobody) == []


def test_who_did_it_is_not_told(at: datetime) -> None:
    merchant = merchants.merchant()
    owner = owner_of(merchant)
    params = {"merchant": merchant.names}
    notify(Kind.TEAM_CHANGED, at=at, merchant_ref=merchant.public_id, params=params, but=owner.public_id)
    jobs.drain()
    assert told(owner) == []


def test_operators_are_told_and_nobody_else(at: datetime) -> None:
    operator, shopper = people.operator(), people.person()
    gone = people.operator()
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    notify(Kind.QUEUE_WAITS, at=at, params={"count": 2})
    jobs.drain()
    assert (told(operator), told(shopper), told(gone)) == (["queue_waits"], [], [])


def test_a_flow_leaves_one_row_and_nothing_when_it_is_undone(
    at: datetime, django_assert_num_queries: Any
) -> None:
    person = people.person()
    with django_assert_num_queries(1):
        notify(Kind.EMAIL_CHANGED, at=at, people=[person.public_id])
    assert scalar("SELECT count(*) FROM kernel_outboxrow") == 1


def test_the_job_twice_tells_once(at: datetime) -> None:
    person = people.person()
    notify(Kind.EMAIL_CHANGED, at=at, people=[person.public_id])
    payload = scalar("SELECT payload FROM kernel_outboxrow")
    jobs.drain()
    fan_out(**(json.loads(payload) if isinstance(payload, str) else payload))
    assert told(person) == ["email_changed"]


def test_bought_and_used_is_told_to_the_shopper_and_the_first_sale_to_the_shop(at: datetime) -> None:
    shop = scene(at=at, capacity=2)
    owner = owner_of(shop.merchant)
    (voucher,) = shop.bought()
    jobs.drain()
    assert told(shop.shopper) == ["order_paid"]
    assert told(owner) == ["first_sale"]
    paid = Notification.objects.get(person=shop.shopper)
    text = queries.text_of(Kind.ORDER_PAID, paid.params, "en")
    assert text.title == "Paid: Coffee and cake"
    assert "€19.90" in text.body
    assert paid.url == f"/orders/{voucher.order_ref}/"
    used = shop.scan(voucher.code)
    jobs.drain()
    assert told(shop.shopper) == ["order_paid", "voucher_redeemed"]
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    redeem.undo(redemption_ref=used.redemption_ref, actor=actor, at=at)
    jobs.drain()
    assert told(shop.shopper) == ["order_paid", "voucher_redeemed"]
    other = people.person()
    shop.money_arrives(shop.order(by=other))
    jobs.drain()
    assert told(other) == ["order_paid"]
    assert told(owner) == ["first_sale", "sold_out"]


def test_decision_on_a_shop_and_its_deal(at: datetime) -> None:
    operator, merchant = people.operator(), merchants.merchant(approved=False)
    owner, ref = owner_of(merchant), merchant.public_id
    approve.approve_merchant(merchant_ref=ref, approve=True, reason="", by=operator, at=at)
    offer = catalog.offer(store=merchants.store(merchant=merchant), live=False, at=at)
    catalog_services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    decisions = (True, "Fine."), (False, "Too dear.")
    for minute, (yes, reason) in enumerate(decisions):
        moment = at + timedelta(minutes=minute)
        approve.approve_offer(offer_ref=offer.public_id, approve=yes, reason=reason, by=operator, at=moment)
    approve.approve_merchant(merchant_ref=ref, approve=False, reason="Closed.", by=operator, at=at + DAY)
    jobs.drain()
    assert told(owner) == ["merchant_approved", "deal_approved", "deal_taken_off", "merchant_suspended"]
    taken_off = Notification.objects.get(kind="deal_taken_off")
    assert "Too dear." in queries.text_of(Kind.DEAL_TAKEN_OFF, taken_off.params, "en").body


def test_decision_leaves_the_house_only_when_it_can_no_more_be_taken_back(at: datetime) -> None:
    operator, merchant = people.operator(), merchants.merchant(approved=False)
    owner = notifications.with_email(owner_of(merchant))
    approve.approve_merchant(merchant_ref=merchant.public_id, approve=True, reason="", by=operator, at=at)
    jobs.drain()
    waits = Delivery.objects.get(notification__person=owner)
    assert (waits.state, waits.due_at) == ("waiting", at + timedelta(minutes=5))
    approve.take_back(ref=merchant.public_id, by=operator, at=at + timedelta(minutes=4))
    assert told(owner) == []
    assert not Delivery.objects.exists()


def test_merchant_learns_that_an_operator_acts_for_it(at: datetime) -> None:
    store = merchants.store()
    merchant = merchant_of(store)
    acting.start(merchant_ref=merchant.public_id, reason="They asked by phone.", by=people.operator(), at=at)
    jobs.drain()
    (one,) = Notification.objects.filter(person=owner_of(merchant), kind="platform_acting")
    assert "They asked by phone." in queries.text_of(Kind.PLATFORM_ACTING, one.params, "en").body


def test_vouchers_that_end_soon_are_told_once_a_week_and_once_a_day_before(at: datetime) -> None:
    made = vouchers.voucher(valid_days=30, at=at)
    ends_at = made.row.valid_until
    seen = []
    for hours in range(0, 24 * 8, 6):
        watch.remind_of_vouchers(at=ends_at - timedelta(days=8) + timedelta(hours=hours))
        jobs.drain()
        seen.append(len(told(made.person)))
    assert told(made.person) == ["voucher_expires_in_week", "voucher_expires_tomorrow"]
    assert seen.index(1) == 4
    assert seen.index(2) == 28
    (week, _day) = Notification.objects.order_by("pk")
    assert week.url == f"/voucher/{made.ref}/"
    assert "00:00" in queries.text_of(Kind.VOUCHER_EXPIRES_IN_WEEK, week.params, "en").body


def test_extended_vouchers_are_told_and_reminded_of_again(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    other = people.person()
    shop.money_arrives(shop.order(by=other))
    used = next(one for one in wallet_of(other, at))
    shop.scan(used.code)
    jobs.drain()
    watch.remind_of_vouchers(at=voucher.valid_until - 7 * DAY)
    owner = owner_of(shop.merchant)
    until_on = voucher.valid_until.date() + 30 * DAY
    for _again in range(2):
        extend_vouchers.extend(offer_ref=shop.offer.public_id, until_on=until_on, by=owner, at=at + DAY)
    jobs.drain()
    reminded = ["order_paid", "voucher_expires_in_week", "voucher_extended"]
    assert told(shop.shopper) == reminded
    assert "voucher_extended" not in told(other)
    (now,) = wallet_of(shop.shopper, at)
    watch.remind_of_vouchers(at=now.valid_until - 7 * DAY)
    jobs.drain()
    assert told(shop.shopper) == [*reminded, "voucher_expires_in_week"]


def wallet_of(person: Person, at: datetime) -> list[VoucherView]:
    return vouchers_read.wallet(person, at=at)


def test_used_and_just_bought_vouchers_are_not_reminded_of(at: datetime) -> None:
    used, fresh = vouchers.voucher(valid_days=7, at=at), vouchers.voucher(valid_days=1, at=at)
    vouchers.redeem(used, at=at)
    for hours in range(24):
        watch.remind_of_vouchers(at=at + timedelta(hours=hours))
    jobs.drain()
    assert (told(used.person), told(fresh.person)) == ([], [])
    for hours in range(24, 24 * 7):
        watch.remind_of_vouchers(at=at + timedelta(hours=hours))
    jobs.drain()
    assert told(used.person) == []


def test_many_vouchers_are_all_reminded_of(at: datetime) -> None:
    person, store = people.person(), merchants.store()
    ends = [
        vouchers.voucher(store=store, person=person, valid_days=30, at=at).row.valid_until for _ in range(5)
    ]
    assert watch.remind_of_vouchers(at=ends[0] - 7 * DAY, limit=2) == 5


def test_queue_is_told_when_something_new_waits_at_most_once_an_hour(at: datetime) -> None:
    operator = people.operator()
    assert not watch.tell_of_queue(at=at)
    merchants.merchant(approved=False, at=at)
    assert watch.tell_of_queue(at=at)
    jobs.drain()
    merchants.merchant(approved=False, at=at + timedelta(minutes=10))
    assert not watch.tell_of_queue(at=at + timedelta(minutes=20))
    assert watch.tell_of_queue(at=at + timedelta(minutes=61))
    jobs.drain()
    assert not watch.tell_of_queue(at=at + timedelta(hours=5))
    assert told(operator) == ["queue_waits", "queue_waits"]
    counts = [one.params["count"] for one in Notification.objects.order_by("pk")]
    assert counts == [1, 2]


def test_unknown_outcomes_are_told_after_ten_minutes(at: datetime) -> None:
    operator = people.operator()
    shop = scene(at=at)
    shop.order()
    Payment.objects.update(state="unknown", created_at=at)
    assert not watch.tell_of_provider(at=at + timedelta(minutes=10))
    assert watch.tell_of_provider(at=at + timedelta(minutes=10, seconds=1))
    jobs.drain()
    assert not watch.tell_of_provider(at=at + timedelta(hours=3))
    assert told(operator) == ["provider_trouble"]


def test_books_that_do_not_add_up_are_told_once(at: datetime) -> None:
    operator = people.operator()
    assert not watch.tell_of_books(problems=(), at=at)
    assert watch.tell_of_books(problems=("a", "b"), at=at)
    jobs.drain()
    assert not watch.tell_of_books(problems=("b", "a"), at=at + DAY)
    assert watch.tell_of_books(problems=("c",), at=at + DAY)
    jobs.drain()
    assert told(operator) == ["books_problem", "books_problem"]


def test_old_backup_is_told_and_a_site_without_any_is_left_alone(
    at: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.HUTONG_HOME = tmp_path
    operator = people.operator()
    assert not watch.tell_of_backup(at=at)
    folder = tmp_path / "backups"
    folder.mkdir()
    for made_at in (at - 9 * DAY, at - 2 * DAY):
        (folder / f"hutong-{made_at:%Y%m%d-%H%M%S}.tar").touch()
    assert not watch.tell_of_backup(at=at)
    assert watch.tell_of_backup(at=at + DAY)
    jobs.drain()
    assert told(operator) == ["backup_old"]


def test_tick_asks_again_for_what_is_due(at: datetime) -> None:
    person = notifications.with_email(people.person())
    (one,) = notifications.told(person, kind=Kind.ERASURE_CANCELLED, params={}, at=at)
    waits = Delivery.objects.get(notification=one)
    watch.run(at=waits.due_at)
    asked = "SELECT count(*) FROM kernel_outboxrow WHERE payload->>'delivery_ref' = %s"
    assert scalar(asked, [waits.public_id]) == 2


def test_the_last_day_names_money_only_where_the_voucher_promises_it(at: datetime) -> None:
    made = vouchers.voucher(valid_days=30, at=at)
    strict = vouchers.voucher(valid_days=30, at=at, refund=RefundPromise.NEVER)
    watch.remind_of_vouchers(at=made.row.valid_until - timedelta(hours=12))
    jobs.drain()
    assert told(made.person) == ["voucher_expires_tomorrow"]
    assert told(strict.person) == ["voucher_last_day"]
    for kind, person, named in (
        (Kind.VOUCHER_EXPIRES_TOMORROW, made.person, True),
        (Kind.VOUCHER_LAST_DAY, strict.person, False),
    ):
        one = Notification.objects.get(person=person)
        assert ("money" in queries.text_of(kind, one.params, "en").body) is named
    watch.remind_of_vouchers(at=made.row.valid_until - timedelta(hours=11))
    jobs.drain()
    assert len(told(strict.person)) == 1


def test_who_gave_a_present_is_told_once_that_it_was_opened(at: datetime) -> None:
    made, friend = vouchers.voucher(at=at), people.person(name="Frida Friend")
    token = voucher_services.give(voucher_ref=made.ref, message="", by=made.person, at=at).token
    for _click in range(2):
        voucher_services.claim(token=token, by=friend, at=at)
    jobs.drain()
    (one,) = Notification.objects.filter(kind="gift_opened")
    assert one.person_id == made.person.pk
    assert one.url == f"/voucher/{made.ref}/give/"
    assert "Frida" not in str(one.params)
