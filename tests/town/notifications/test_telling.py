"""Telling people: once, in their words when they read it, by the channels they chose."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.kernel.money import Money
from hutong.kernel.rows import scalar
from hutong.town.merchants.types import Right
from hutong.town.notifications import queries, rules, services
from hutong.town.notifications.models import Delivery, Notification, Preference, Subscription
from hutong.town.notifications.types import Audience, Channel, Group, Kind, KindSpec
from tests.factories import notifications, people
from tests.fakes.push import PushService

pytestmark = pytest.mark.django_db


def deliveries() -> set[tuple[str, str]]:
    return set(Delivery.objects.values_list("notification__person__public_id", "channel"))


def test_the_same_happening_is_told_to_a_person_once(at: datetime) -> None:
    first, second = people.person(), people.person()
    assert len(notifications.told(first, once="order_paid:1")) == 1
    notifications.told(first, second, once="order_paid:1")
    assert Notification.objects.filter(once_key="order_paid:1").count() == 2
    assert queries.unread_count(first.pk) == 1
    assert queries.unread_count(second.pk) == 1


def test_blocked_and_unknown_people_are_passed_over(at: datetime) -> None:
    blocked = people.person()
    blocked.is_active = False
    blocked.save()
    assert notifications.told(blocked) == []
    assert (
        services.tell(
            kind=Kind.ERASURE_CANCELLED,
            person_refs=["per_nobody"],
            params={},
            once_key="x",
            zone="UTC",
            at=at,
        )
        == 0
    )


def test_params_that_do_not_fill_the_text_are_a_fault_of_the_caller(at: datetime) -> None:
    with pytest.raises(ValueError, match="store, voucher_ref"):
        notifications.told(people.person(), params={"deal": "Lunch"})


def test_text_is_made_for_its_reader(at: datetime) -> None:
    person = people.person()
    money = {"minor": 1990, "unit": "EUR"}
    params = {
        "deal": {"en": "Lunch", "zh-Hans": "午餐"},
        "merchant": "Kahvila",
        "amount": money,
        "order_ref": "ord_1",
    }
    (one,) = notifications.told(person, kind=Kind.ORDER_PAID, params=params)
    assert one.url == "/orders/ord_1/"
    english, chinese = (
        queries.text_of(Kind.ORDER_PAID, one.params, language) for language in ("en", "zh-hans")
    )
    assert english.title == "Paid: Lunch"
    assert "€19.90" in english.body
    assert "午餐" in chinese.title
    assert "Lunch" not in chinese.title
    assert Money(1990, "EUR").major_text in chinese.body


def test_moments_are_told_in_their_place(at: datetime) -> None:
    params = {"until": {"at": "2026-06-01T21:30:00+00:00", "zone": "Europe/Helsinki"}}
    assert "2 Jun 2026, 00:30" in queries.text_of(Kind.ERASURE_ASKED, params, "en").body
    assert "2026年6月2日 00:30" in queries.text_of(Kind.ERASURE_ASKED, params, "zh-hans").body


def test_only_channels_that_reach_somebody_are_tried(at: datetime, push_service: PushService) -> None:
    bare = people.person()
    full = notifications.with_email(notifications.with_push(people.person(), push_service.browser()))
    unproved = people.person()
    unproved.email = "not@proved.example"
    unproved.save()
    notifications.told(bare, full, unproved)
    assert deliveries() == {(full.public_id, "push")}
    notifications.told(bare, full, unproved, kind=Kind.ERASURE_CANCELLED, params={})
    assert deliveries() == {(full.public_id, "push"), (full.public_id, "email")}


def test_a_switch_holds_for_its_group_and_nothing_else(at: datetime, push_service: PushService) -> None:
    person = notifications.with_email(notifications.with_push(people.person(), push_service.browser()))
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.PUSH, on=False, by=person, at=at)
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.SMS, on=True, by=person, at=at)
    notifications.told(person)
    assert deliveries() == {(person.public_id, "sms")}
    notifications.told(person, kind=Kind.TEST_MESSAGE, params={})
    assert deliveries() == {(person.public_id, "sms"), (person.public_id, "push")}


def test_what_is_off_in_the_app_leaves_no_line_there(at: datetime) -> None:
    person = notifications.with_email(people.person())
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.IN_APP, on=False, by=person, at=at)
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.PUSH, on=False, by=person, at=at)
    assert notifications.told(person) == []
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.EMAIL, on=True, by=person, at=at)
    notifications.told(person)
    assert queries.unread_count(person.pk) == 0
    assert queries.page_of(person.pk, language="en").items == ()
    assert deliveries() == {(person.public_id, "email")}


@pytest.mark.parametrize("group", [Group.ACCOUNT, Group.ORDERS, Group.TEAM, Group.ALARMS])
def test_security_and_money_stay_in_the_app(group: Group, at: datetime) -> None:
    person = people.person()
    with pytest.raises(services.ChannelFixed):
        services.choose(person=person, group=group, channel=Channel.IN_APP, on=False, by=person, at=at)
    # Even a row that should not be there changes nothing.
    Preference.objects.create(person=person, group=group.value, channel="in_app", on=False)
    assert rules.is_on(group, Channel.IN_APP, queries.turned_by([person.pk])[person.pk])


def test_a_fault_cannot_flood_anybody(at: datetime, caplog: pytest.LogCaptureFixture) -> None:
    person, other = people.person(), people.person()
    most = rules.BUDGETS[Channel.IN_APP]
    for _ in range(most + 3):
        notifications.told(person)
    assert Notification.objects.filter(person=person).count() == most
    assert person.public_id in caplog.text
    assert len(notifications.told(other)) == 1
    assert len(notifications.told(person, at=at + timedelta(days=1))) == 1


def test_every_choice_is_in_the_audit_log(at: datetime) -> None:
    person = people.person()
    for on in (False, False, True):
        services.choose(person=person, group=Group.VOUCHERS, channel=Channel.EMAIL, on=on, by=person, at=at)
    found = scalar("SELECT count(*) FROM kernel_auditentry WHERE subject_ref = %s", [person.public_id])
    assert found == 2


def test_the_oldest_browser_goes_when_there_are_too_many(at: datetime, push_service: PushService) -> None:
    person = people.person()
    browsers = [push_service.browser() for _ in range(rules.SUBSCRIPTIONS_MAX + 1)]
    for browser in browsers:
        notifications.with_push(person, browser)
    kept = set(Subscription.objects.values_list("endpoint", flat=True))
    assert kept == {browser.endpoint for browser in browsers[1:]}


def test_forgetting_a_person_leaves_nothing_of_them(at: datetime, push_service: PushService) -> None:
    person = notifications.with_email(notifications.with_push(people.person(), push_service.browser()))
    other = people.person()
    notifications.told(person, other)
    services.choose(person=person, group=Group.VOUCHERS, channel=Channel.SMS, on=True, by=person, at=at)
    assert services.forget(person=person) == 1
    assert list(Notification.objects.values_list("person", flat=True)) == [other.pk]
    assert not Delivery.objects.exists()
    assert not Preference.objects.exists()
    assert not Subscription.objects.exists()


def test_what_is_a_year_old_is_deleted(at: datetime) -> None:
    person = people.person()
    notifications.told(person, at=at - rules.KEPT)
    (kept,) = notifications.told(person, at=at - rules.KEPT + timedelta(seconds=1))
    assert services.purge(at=at) == 1
    assert Notification.objects.get() == kept


def test_rights_of_the_table_are_rights_there_are() -> None:
    for kind, spec in rules.KINDS.items():
        if spec.audience is Audience.STAFF:
            assert Right(spec.right), kind
        else:
            assert spec.right == "", kind


@pytest.mark.parametrize(
    ("wall", "morning"),
    [
        ("21:59", ""),
        ("22:00", "2026-06-02T08:00"),
        ("00:10", "2026-06-01T08:00"),
        ("07:59", "2026-06-01T08:00"),
        ("08:00", ""),
    ],
)
def test_what_must_not_come_at_night_waits_for_the_morning_of_the_place(wall: str, morning: str) -> None:
    at = datetime.fromisoformat(f"2026-06-01T{wall}:00+03:00")
    day = rules.KINDS[Kind.VOUCHER_REDEEMED]
    quiet = KindSpec(day.audience, day.group, day.title, day.body, day.page, day.defaults, at_night=False)
    expected = datetime.fromisoformat(f"{morning}:00+03:00") if morning else at
    assert rules.not_before(quiet, at, zone="Europe/Helsinki") == expected
    assert rules.not_before(day, at, zone="Europe/Helsinki") == at


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://db5p.notify.windows.com/w/?token=abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://evilnotify.windows.com/x", False),
        ("https://push.example.org/x", False),
        ("http://127.0.0.1:5432/x", False),
        ("https://[::1]/x", False),
        ("https://fcm.googleapis.com\\@127.0.0.1/x", False),
        ("https://fcm.googleapis.com:x/", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_push_goes_to_the_services_of_browsers_alone(address: str, allowed: bool) -> None:
    assert rules.push_address_allowed(address) is allowed
    assert rules.push_address_allowed("http://127.0.0.1:99/x", also="127.0.0.1:99")
