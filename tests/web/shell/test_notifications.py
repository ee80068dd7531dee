"""The bell, the list, the settings, push, and the way out of e-mails; everybody sees their own alone."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hutong.flows import jobs
from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.town.merchants.types import Role
from hutong.town.notifications import queries, rules, services
from hutong.town.notifications.models import Preference, Subscription
from hutong.town.notifications.types import Audience, Channel, Group, Kind
from hutong.town.people.models import Person
from hutong.web.merchant.access import STORE_KEY
from hutong.web.shell.notifications import DESK_STORE_KEY, ICONS
from tests.factories import merchants, notifications, people, regions
from tests.fakes.push import PushService
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

LIST = "/notifications/"
SETTINGS = "/notifications/settings/"


def texts(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_bell_counts_what_is_unread_in_three_statements(django_assert_max_num_queries: Any) -> None:
    person = people.person()
    notifications.told(person)
    notifications.told(person)
    browser = visitor(person)
    with django_assert_max_num_queries(3):
        page = browser.get("/notifications/bell/")
    assert 'data-count="2"' in page.content.decode()
    assert "2 unread" in page.content.decode()
    assert "/live/" in page.content.decode()


def test_home_with_the_bell_costs_no_more_than_without() -> None:
    regions.region(slug="helsinki")
    person = people.person()
    notifications.told(person)
    page = visitor(person).get("/").content.decode()
    bell = page.partition("<notification-bell")[2].partition("</notification-bell>")[0]
    assert bell
    assert "data-count" not in bell
    assert "<notification-bell" not in visitor().get("/").content.decode()


def test_list_groups_by_day_of_the_place_and_marks_what_is_unread() -> None:
    regions.region(slug="helsinki")
    person = people.person()
    at = clock.now().replace(hour=12)
    for days in (1, 0, 0):
        notifications.told(person, at=at - timedelta(days=days))
    read = notifications.told(person, at=at)[0]
    services.mark_read(person=person, ref=read.public_id, at=at)
    page = visitor(person).get(LIST)
    assert page.content.decode().count("<h2") == 2
    assert texts(page).count("Unread:") == 3
    assert texts(page).count("Used: Lunch for two") == 4


def test_list_speaks_the_reader_s_language() -> None:
    person = people.person(language="en")
    notifications.told(person)
    page = visitor(person).get(LIST, headers={"accept-language": "zh-Hans"})
    assert "双人午餐" in texts(page)
    assert "Lunch for two" not in texts(page)


def test_list_goes_on_behind_its_end_and_ends() -> None:
    person = people.person()
    for _ in range(queries_page_size() + 2):
        notifications.told(person)
    browser = visitor(person)
    first = browser.get(LIST).content.decode()
    next_url = re.search(r'hx-get="([^"]+)"', first)
    assert next_url
    second = browser.get(next_url[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    assert second.count("<li>") == 2
    assert "<html" not in second
    assert "hx-get" not in second


def queries_page_size() -> int:
    from hutong.town.notifications.queries.lists import PAGE_SIZE

    return PAGE_SIZE


def test_empty_list_says_what_will_be_here() -> None:
    assert "Nothing yet" in texts(visitor(people.person()).get(LIST))


def test_opening_leads_to_its_page_and_counts_as_read() -> None:
    person = people.person()
    (one,) = notifications.told(person)
    page = visitor(person).get(f"/notifications/{one.public_id}/")
    assert page.headers["Location"] == "/voucher/vch_example/"
    one.refresh_from_db()
    assert one.read_at is not None
    assert queries.unread_count(person.pk) == 0


@pytest.mark.parametrize("path", ["/notifications/{}/", "/notifications/?after={}"])
def test_somebody_else_s_is_not_there(path: str) -> None:
    (one,) = notifications.told(people.person())
    stranger = people.person()
    notifications.told(stranger)
    page = visitor(stranger).get(path.format(one.public_id))
    if "after" in path:
        assert "Used: Lunch" not in texts(page)
    else:
        assert page.status_code == 404
    one.refresh_from_db()
    assert one.read_at is None


def test_strangers_sign_in_first() -> None:
    for path in (LIST, SETTINGS, "/notifications/bell/", "/notifications/ntf_x/"):
        page = visitor().get(path)
        assert page.status_code == 302, path
        assert page.headers["Location"].startswith("/sign-in/"), path
    for path in ("read/", "settings/choose/", "push/on/", "push/off/", "push/test/"):
        assert visitor().post(f"/notifications/{path}").status_code == 302, path


def test_all_are_read_of_one_role_alone() -> None:
    person = people.operator()
    notifications.told(person)
    notifications.told(person, kind=Kind.QUEUE_WAITS, params={"count": 3})
    browser = visitor(person)
    browser.post("/notifications/read/", {"as": "operator"})
    assert queries.unread_count(person.pk) == 1
    browser.post("/notifications/read/", {"as": ""})
    assert queries.unread_count(person.pk) == 0


def test_filter_shows_the_roles_a_person_has() -> None:
    person = people.operator()
    notifications.told(person)
    notifications.told(person, kind=Kind.QUEUE_WAITS, params={"count": 3})
    page = texts(visitor(person).get(f"{LIST}?as=operator"))
    assert "As the operator" in page
    assert "As a shop " not in page
    assert "Waiting for a decision: 3" in page
    assert "Used: Lunch" not in page
    assert "As a shopper" not in texts(visitor(people.person()).get(LIST))


def test_opening_takes_staff_to_the_desk_of_that_shop() -> None:
    assert DESK_STORE_KEY == STORE_KEY
    person = people.person()
    here, there = merchants.store(name="Here"), merchants.store(name="There")
    for store in (here, there):
        assert store.merchant is not None
        merchants.staff(merchant=store.merchant, person=person, role=Role.MANAGER)
    assert there.merchant is not None
    (one,) = notifications.told(
        person,
        kind=Kind.TEAM_CHANGED,
        params={"merchant": {"name": "There"}},
        merchant_ref=there.merchant.public_id,
    )
    browser = visitor(person)
    browser.get(f"/notifications/{one.public_id}/")
    assert browser.session[STORE_KEY] == there.public_id


def test_settings_show_the_groups_of_the_person_s_roles() -> None:
    shopper = texts(visitor(people.person()).get(SETTINGS))
    assert "Vouchers" in shopper
    assert "Alarms" not in shopper
    assert "Sales of the shop" not in shopper
    assert "Alarms" in texts(visitor(people.operator()).get(SETTINGS))


def test_switch_is_turned_and_answers_with_itself() -> None:
    person = people.person()
    browser = visitor(person)
    answer = browser.post(
        f"{SETTINGS}choose/", {"switch": "vouchers.email", "on": "0"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert 'aria-checked="false"' in answer
    assert 'name="on" value="1"' in answer
    assert Preference.objects.get(person=person).on is False
    page = browser.post(f"{SETTINGS}choose/", {"switch": "vouchers.email", "on": "1"})
    assert page.headers["Location"] == f"{SETTINGS}#vouchers"
    assert Preference.objects.get(person=person).on is True


@pytest.mark.parametrize(
    "switch", ["account.in_app", "orders.in_app", "sales.sms", "nothing.email", "vouchers", ""]
)
def test_switch_that_there_is_not_is_refused(switch: str) -> None:
    page = visitor(people.person()).post(f"{SETTINGS}choose/", {"switch": switch, "on": "0"})
    assert page.status_code == 422
    assert not Preference.objects.exists()


def subscription(service: PushService) -> dict[str, Any]:
    browser = service.browser()
    return {"endpoint": browser.endpoint, "expirationTime": None, "keys": browser.keys}


def post_json(browser: Client, told: Any) -> Any:
    body = told if isinstance(told, str) else json.dumps(told)
    return browser.post("/notifications/push/on/", body, content_type="application/json")


def test_browser_takes_push_and_is_bound_to_its_sign_in(push_service: PushService) -> None:
    person = people.person()
    browser = visitor(person)
    told = subscription(push_service)
    assert post_json(browser, told).status_code == 201
    assert post_json(browser, told).status_code == 201
    kept = Subscription.objects.get()
    assert (kept.person, kept.browser) == (person, "")
    assert kept.sign_in_ref == scalar("SELECT public_id FROM people_signin WHERE person_id = %s", [person.pk])


def test_browser_belongs_to_who_turned_push_on_last(push_service: PushService) -> None:
    first, second = people.person(), people.person()
    told = subscription(push_service)
    post_json(visitor(first), told)
    former = Subscription.objects.get().public_id
    post_json(visitor(second), told)
    kept = Subscription.objects.get()
    assert kept.person == second
    assert kept.public_id != former


BAD = [
    "not json",
    "[]",
    {"endpoint": "https://fcm.googleapis.com/x"},
    {"endpoint": "https://127.0.0.1:1/x", "keys": {}},
    {"endpoint": "http://169.254.169.254/latest", "keys": "own"},
    {"endpoint": "https://fcm.googleapis.com.evil.example/x", "keys": "own"},
    {"endpoint": "https://user@fcm.googleapis.com/x", "keys": "own"},
    {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "AAAA", "auth": "AAAA"}},
    "x" * 5000,
]


@pytest.mark.parametrize("told", BAD, ids=range(len(BAD)))
def test_bad_subscription_is_refused(told: Any, push_service: PushService) -> None:
    if isinstance(told, dict) and told.get("keys") == "own":
        told = {**told, "keys": push_service.browser().keys}
    assert post_json(visitor(people.person()), told).status_code == 422
    assert not Subscription.objects.exists()


def test_somebody_else_s_browser_cannot_be_removed(push_service: PushService) -> None:
    owner = people.person()
    notifications.with_push(owner, push_service.browser())
    ref = Subscription.objects.get().public_id
    assert visitor(people.person()).post("/notifications/push/off/", {"ref": ref}).status_code == 404
    assert Subscription.objects.count() == 1
    assert visitor(owner).post("/notifications/push/off/", {"ref": ref}).status_code == 302
    assert not Subscription.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_test_button_sends_to_this_person_s_browsers(push_service: PushService) -> None:
    regions.region(slug="helsinki")
    mine, other = push_service.browser(), push_service.browser()
    person = notifications.with_push(people.person(language="zh-hans"), mine)
    notifications.with_push(people.person(), other)
    Preference.objects.create(person=person, group=Group.ACCOUNT.value, channel=Channel.PUSH.value, on=False)
    visitor(person).post("/notifications/push/test/")
    jobs.drain()
    (arrived,) = mine.opened()
    assert arrived["title"] == queries.text_of(Kind.TEST_MESSAGE, {}, "zh-hans").title
    assert other.opened() == []


def link(person: Person, group: Group = Group.VOUCHERS) -> str:
    token = services.unsubscribe_token(person_ref=person.public_id, group=group)
    return reverse("notification_unsubscribe", args=[token])


def mails(person: Person) -> bool:
    return rules.is_on(Group.VOUCHERS, Channel.EMAIL, queries.turned_by([person.pk]).get(person.pk, {}))


def test_looking_at_the_link_changes_nothing() -> None:
    """Mail programs look at every link in a mail."""
    person = people.person()
    assert visitor().get(link(person)).status_code == 200
    assert mails(person)


def test_one_click_ends_the_mails_of_the_group_without_a_sign_in() -> None:
    person = people.person()
    strict = Client(enforce_csrf_checks=True)
    for _again in range(2):
        page = strict.post(link(person), {"List-Unsubscribe": "One-Click"})
        assert page.status_code == 200
        assert not mails(person)
    assert Preference.objects.count() == 1
    assert scalar("SELECT count(*) FROM kernel_auditentry WHERE action = 'notifications.chosen'") == 1


@pytest.mark.parametrize(
    "spoil", [lambda path: path[:-6] + "/", lambda path: "/notifications/unsubscribe/abc/"]
)
def test_a_link_that_is_not_whole_opens_nothing(spoil: Any) -> None:
    person = people.person()
    assert visitor().post(spoil(link(person))).status_code == 404
    assert mails(person)


def test_every_kind_leads_to_a_page() -> None:
    for kind, spec in rules.KINDS.items():
        assert reverse(spec.page[0], args=["x"] * (len(spec.page) - 1)).startswith("/"), kind


def test_every_group_has_kinds_of_its_own_role_alone() -> None:
    for kind, spec in rules.KINDS.items():
        assert rules.GROUPS[spec.group].audience is spec.audience, kind
    assert {spec.group for spec in rules.KINDS.values()} == set(Group) == set(rules.GROUPS)
    assert set(rules.KINDS) == set(Kind)
    assert {spec.audience for spec in rules.KINDS.values()} == set(Audience)


def test_each_group_has_its_picture() -> None:
    """The list of notifications fails for whoever was told something of a group without one."""
    assert set(ICONS) == set(Group)
