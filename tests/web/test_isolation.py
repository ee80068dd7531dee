"""Every page against everybody it is not for: no way in, no effect, and nothing of others in the answer.

The pages are read from the code and asked for as they declare themselves (`web.shell.access`), so a new page
cannot be forgotten; what its declaration has to be, is said by the table of rights.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse

from hutong.kernel.rows import scalar
from hutong.town.merchants.rules import RIGHTS
from hutong.town.merchants.types import Right, Role
from hutong.web.shell.access import Door, Permission, declared
from tests.web.routes import Route, page_routes
from tests.web.world import world

pytestmark = pytest.mark.django_db

# In an address of a page for everybody, these name what everybody may see. A token is a secret by itself.
SEEN_BY_ALL = {"offer_ref", "store_ref", "merchant_ref", "slug", "name", "token", "digest"}
# What anybody who is signed in may do to what everybody sees.
FOR_ALL_SIGNED_IN = {"review_helpful", "review_report"}
ROLES = {
    "manager": Role.MANAGER,
    "cashier": Role.CASHIER,
    "courier": Role.COURIER,
    "accountant": Role.ACCOUNTANT,
}
SIGN_IN_FIRST = 401
# No such page, no such way to ask, or not yours.
CLOSED = {SIGN_IN_FIRST, 403, 404, 405}


@dataclass(frozen=True)
class Answer:
    """What came back; a way to the sign-in page counts as 401."""

    status: int
    text: str


def address_of(route: Route, refs: dict[str, str]) -> str:
    """The address of a page, with things that exist in it."""
    return reverse(route.name, kwargs={key: refs[key] for key in route.keys})


def ask(browser: Client, route: Route, method: str, refs: dict[str, str]) -> Answer:
    """Ask for a page as if it were the only one: what it changes is taken back."""
    address = address_of(route, refs)
    with transaction.atomic():
        response: HttpResponse = getattr(browser, method)(address)
        transaction.set_rollback(True)
    to_sign_in = response.status_code == 302 and response["Location"].startswith("/sign-in/")
    text = "" if response.streaming else response.content.decode(errors="replace")
    return Answer(SIGN_IN_FIRST if to_sign_in else response.status_code, text)


def permission_of(route: Route) -> Permission:
    """What the page declares; tests/architecture/test_permissions.py sees to it that it does."""
    found = declared(route.view)
    assert found is not None, route.name
    return found


def changed_so_far() -> tuple[int, ...]:
    """Grows with whatever is changed: audit entries, jobs asked for, state of everything sold."""
    return tuple(
        scalar(f"SELECT count(*) FROM {table}")
        for table in ("kernel_auditentry", "kernel_outboxrow", "vouchers_redemption", "orders_orderevent")
    )


def closed_to(door: Door, who: str, route: Route) -> set[int] | None:
    """The statuses that keep somebody out of a page; None where it is for them, or for everybody."""
    open_to_all = "token" in route.keys or route.name in FOR_ALL_SIGNED_IN
    private = set() if open_to_all else set(route.keys) - SEEN_BY_ALL
    if door is Door.OPERATOR:
        return {SIGN_IN_FIRST} if who == "nobody" else {403}
    if door is Door.STAFF:
        keys = set(route.keys) - {"slug", "name", "token"}
        return {"nobody": {SIGN_IN_FIRST}, "shopper": {403}}.get(who, {404, 405} if keys else None)
    if door is Door.SIGNED_IN and who == "nobody":
        return {SIGN_IN_FIRST}
    return {404, 405} if door is Door.SIGNED_IN and private else None


def test_everything_in_an_address_stands_for_something() -> None:
    missing = {key for route in page_routes() for key in route.keys} - set(world().refs)
    assert missing == set(), "say in tests/web/world.py, `World.refs`, what these stand for"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["nobody", "shopper", "stranger"])
def test_strangers_get_nowhere_and_learn_nothing(who: str, method: str) -> None:
    there = world()
    browser = there.browser(who)
    before = changed_so_far()
    wrong: dict[str, object] = {}
    for route in page_routes():
        door = permission_of(route).door
        wanted = closed_to(door, who, route)
        if wanted is None and method == "post" and "token" not in route.keys:
            continue  # it is theirs: what they do there is their own affair
        answer = ask(browser, route, method, there.refs)
        if answer.status >= 500 or (wanted is not None and answer.status not in wanted):
            wrong[route.name] = answer.status
        # A page may repeat its own address, to come back to it; that tells nobody anything.
        text = answer.text.replace(address_of(route, there.refs), "")
        if route.name == "metrics":
            # Its measures have many digits behind the point, in which those of a number may stand by chance.
            text = re.sub(r"\d+\.\d+", "", text)
        shown = [secret for secret in there.secrets if secret and secret in text]
        if shown:
            wrong[route.name] = f"shows {shown}"
    assert wrong == {}
    assert changed_so_far() == before


@pytest.mark.parametrize("who", sorted(ROLES))
def test_a_role_opens_what_the_table_of_rights_says(who: str) -> None:
    there = world()
    browser = there.browser(who)
    wrong = {}
    for route in page_routes():
        permission = permission_of(route)
        if permission.door is Door.OPERATOR:
            wanted = False
        elif permission.door is Door.STAFF:
            wanted = not permission.right or Right(permission.right) in RIGHTS[ROLES[who]]
        else:
            continue
        for method in ("get", "post"):
            if wanted and method == "post":
                continue  # what the role may do is tested with the page itself
            status = ask(browser, route, method, there.refs).status
            if (status != 403) if not wanted else (status in {401, 403} or status >= 500):
                wrong[f"{method} {route.name}"] = status
    assert wrong == {}


def test_a_manager_of_another_store_sees_only_that_store() -> None:
    there = world()
    browser = there.browser("elsewhere")
    wrong = {}
    for route in page_routes():
        permission = permission_of(route)
        if permission.door is not Door.STAFF or not permission.everywhere:
            continue
        for method in ("get", "post"):
            status = ask(browser, route, method, there.refs).status
            if status != 403:
                wrong[f"{method} {route.name}"] = status
    assert wrong == {}


def test_an_operator_is_not_staff() -> None:
    there = world()
    browser = there.browser("operator")
    for route in page_routes():
        if permission_of(route).door is Door.STAFF:
            assert ask(browser, route, "get", there.refs).status == 403, route.name


def test_everything_opens_for_whom_it_is() -> None:
    there = world()
    for route in page_routes():
        permission = permission_of(route)
        who = {Door.STAFF: "owner", Door.OPERATOR: "operator"}.get(permission.door, "shopper")
        answer = ask(there.browser(who), route, "get", there.refs)
        assert answer.status < 500, route.name
        assert answer.status != 403 or permission.door in {Door.PUBLIC, Door.SIGNED_IN}, route.name


def test_the_walk_notices_a_page_that_lets_others_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the check of the desk taken away, the walk over the roles has to fail."""
    from hutong.web.merchant import access

    monkeypatch.setattr(access, "_may", lambda _desk, _permission: True)
    with pytest.raises(AssertionError):
        test_a_role_opens_what_the_table_of_rights_says("courier")


def test_names_without_an_address_do_not_hide() -> None:
    there = world()
    for route in page_routes():
        try:
            reverse(route.name, kwargs={key: there.refs[key] for key in route.keys})
        except NoReverseMatch:
            pytest.fail(f"{route.name} cannot be asked for with {route.keys}")
