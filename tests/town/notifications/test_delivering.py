"""Deliveries: at most once, tried again with pauses, given up when it is no news any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier

import pytest

from hutong.kernel.rows import scalar
from hutong.town.notifications import rules, services
from hutong.town.notifications.models import Delivery
from hutong.town.notifications.types import Channel, DeliveryState, Group
from hutong.town.people.models import Person
from tests.concurrency.race import race
from tests.factories import notifications, people
from tests.fakes.push import FakeBrowser, PushService

SECOND = timedelta(seconds=1)


def waiting(service: PushService, at: datetime) -> tuple[Person, FakeBrowser, Delivery]:
    """A push to a person's only browser that waits to be sent."""
    browser = service.browser()
    person = notifications.with_push(people.person(), browser)
    (one,) = notifications.told(person, at=at)
    return person, browser, notifications.delivery(one, Channel.PUSH)


def state(delivery: Delivery) -> tuple[str, str, int]:
    delivery.refresh_from_db()
    return delivery.state, delivery.error, delivery.tries


@pytest.mark.django_db
def test_sent_once_however_often_it_is_asked_for(at: datetime, push_service: PushService) -> None:
    _person, browser, delivery = waiting(push_service, at)
    assert services.deliver(delivery_ref=delivery.public_id, at=at) is DeliveryState.SENT
    assert services.deliver(delivery_ref=delivery.public_id, at=at) is None
    assert len(browser.opened()) == 1
    assert state(delivery) == ("sent", "", 1)
    assert delivery.sent_at == at


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_it_once(at: datetime, push_service: PushService) -> None:
    _person, browser, delivery = waiting(push_service, at)
    calls = [lambda: services.deliver(delivery_ref=delivery.public_id, at=at)] * 6
    assert sorted(map(str, race(calls))) == ["None"] * 5 + ["sent"]
    assert len(browser.opened()) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_claim_it_is_sent_by_everybody(at: datetime, push_service: PushService) -> None:
    """The race above is one: senders that look first and then send, send more than once."""
    from hutong.town.notifications.senders import SENDERS
    from hutong.town.notifications.services.delivering import _outgoing

    _person, browser, delivery = waiting(push_service, at)
    looked = Barrier(6, timeout=60)

    def look_then_send() -> str:
        found = Delivery.objects.select_related("notification__person").get(pk=delivery.pk)
        looked.wait()
        if found.state != "waiting":
            return "late"
        SENDERS[Channel.PUSH]().send(_outgoing(found), at=at)
        Delivery.objects.filter(pk=delivery.pk).update(state="sent", sent_at=at)
        return "sent"

    assert race([look_then_send] * 6).count("sent") == len(browser.opened()) == 6


@pytest.mark.django_db
def test_a_service_that_is_away_is_asked_again_later_and_later(
    at: datetime, push_service: PushService
) -> None:
    _person, browser, delivery = waiting(push_service, at)
    push_service.answers = [503, 503]
    services.deliver(delivery_ref=delivery.public_id, at=at)
    assert state(delivery) == ("waiting", "push_503", 1)
    assert delivery.due_at == at + rules.PAUSES[0]
    assert services.due(at=delivery.due_at - SECOND) == 0
    second = delivery.due_at
    assert services.due(at=second) == 1
    assert asked_for(delivery) == 2
    services.deliver(delivery_ref=delivery.public_id, at=second)
    assert state(delivery) == ("waiting", "push_503", 2)
    assert delivery.due_at == second + rules.PAUSES[1]
    assert services.deliver(delivery_ref=delivery.public_id, at=delivery.due_at) is DeliveryState.SENT
    assert len(browser.opened()) == 1


def asked_for(delivery: Delivery) -> int:
    return int(
        scalar(
            "SELECT count(*) FROM kernel_outboxrow WHERE payload->>'delivery_ref' = %s", [delivery.public_id]
        )
    )


@pytest.mark.django_db
def test_after_the_last_pause_it_has_failed(at: datetime, push_service: PushService) -> None:
    _person, browser, delivery = waiting(push_service, at)
    push_service.answers = [500] * (len(rules.PAUSES) + 1)
    for _ in range(len(rules.PAUSES) + 1):
        last = services.deliver(delivery_ref=delivery.public_id, at=at)
    assert last is DeliveryState.FAILED
    assert state(delivery) == ("failed", "push_500", len(rules.PAUSES) + 1)
    assert services.due(at=at + timedelta(days=9)) == 0
    assert browser.opened() == []


@pytest.mark.django_db
def test_what_was_claimed_by_a_process_that_died_is_not_sent_again(
    at: datetime, push_service: PushService
) -> None:
    _person, browser, delivery = waiting(push_service, at)
    Delivery.objects.filter(pk=delivery.pk).update(state="sending", tries=1, due_at=at + rules.LEASE)
    assert services.due(at=at + rules.LEASE - SECOND) == 0
    assert services.due(at=at + rules.LEASE) == 1
    assert state(delivery) == ("failed", "lost", 1)
    assert services.deliver(delivery_ref=delivery.public_id, at=at + rules.LEASE) is None
    assert browser.opened() == []


@pytest.mark.django_db
def test_a_job_that_was_lost_is_asked_for_again(at: datetime, push_service: PushService) -> None:
    _person, _browser, delivery = waiting(push_service, at)
    assert asked_for(delivery) == 1
    assert services.due(at=at + rules.LEASE) == 1
    assert asked_for(delivery) == 2
    assert services.due(at=at + rules.LEASE) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("obstacle", ["stale", "switched_off", "person_gone", "budget", "no_push"])
def test_what_is_not_wanted_any_more_does_not_leave(
    obstacle: str, at: datetime, push_service: PushService
) -> None:
    person, browser, delivery = waiting(push_service, at)
    moment = at
    if obstacle == "stale":
        moment = at + rules.STALE_AFTER + SECOND
    elif obstacle == "switched_off":
        services.choose(person=person, group=Group.VOUCHERS, channel=Channel.PUSH, on=False, by=person, at=at)
    elif obstacle == "person_gone":
        Person.objects.filter(pk=person.pk).update(is_active=False)
    elif obstacle == "budget":
        from hutong.kernel import budget

        key = f"notify.push:{person.public_id}"
        most = rules.BUDGETS[Channel.PUSH]
        budget.spend(key, limit=most, window_s=24 * 60 * 60, at=at, cost=most)
    else:
        push_service.answers = [410]
    assert services.deliver(delivery_ref=delivery.public_id, at=moment) is DeliveryState.SKIPPED
    assert state(delivery) == ("skipped", obstacle, 1)
    assert browser.opened() == []
