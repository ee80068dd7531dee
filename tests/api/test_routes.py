"""Every route says what it asks for, and the documents say what the routes do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ninja.constants import NOT_SET

from hutong.api.doors import SCOPES, BearerToken
from hutong.api.v1 import api, scope_of, scopes_table
from tests.api.caller import Caller

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"
OPERATIONS = api.operations()

# What anybody may do without a token. A new public route is a line here.
PUBLIC = {
    "send_code",
    "make_token",
    "list_regions",
    "get_region_at",
    "get_tile",
    "list_categories",
    "list_nearby",
    "find_stores",
    "suggest_stores",
    "list_deals",
    "get_deal",
    "get_store",
    "list_groups",
    "get_group",
    "list_reviews",
    "make_quote",
    "receive_webhook",
}

# What is harmless to repeat, and so takes no Idempotency-Key: codes and tokens move neither money nor stock,
# a card stays its owner's, a visit has one review, a quote keeps nothing, a switch or a decision is refused the
# second time, a webhook carries its own id, and so does each scan that was made without a network.
WITHOUT_KEY = {
    "send_code",
    "make_token",
    "make_quote",
    "preview_refund",
    "pause_deal",
    "resume_deal",
    "pair_device",
    "prepare_redemption",
    "refuse_request",
    "tell_offline_scans",
    "make_key",
    "decide_merchant",
    "decide_deal",
    "open_gift_card",
    "get_coupon",
    "take_place",
    "write_review",
    "receive_webhook",
}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_route_names_its_scope_or_is_public(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.auth_param is not NOT_SET, "say auth=scope(...) or auth=PUBLIC"
    assert operation.auth_param is None or isinstance(operation.auth_param, BearerToken)
    assert (scope_of(operation) == "public") == (name in PUBLIC)


def test_every_scope_opens_something() -> None:
    asked = {scope_of(operation) for operation in OPERATIONS.values()}
    assert asked == {scope.value for scope in SCOPES} | {"public", "any token"}


@pytest.mark.parametrize("name", sorted(name for name, one in OPERATIONS.items() if one.methods == ["POST"]))
def test_posts_that_move_money_or_stock_take_a_key(name: str) -> None:
    headers = {
        parameter["name"]
        for methods in api.get_openapi_schema()["paths"].values()
        for described in methods.values()
        if described["operationId"] == name
        for parameter in described["parameters"]
        if parameter["in"] == "header" and parameter["required"]
    }
    assert ("Idempotency-Key" in headers) == (name not in WITHOUT_KEY)


def test_the_openapi_document_is_the_committed_one() -> None:
    written = json.loads((REFERENCE / "openapi.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(api.get_openapi_schema())), "run python tools/reference.py"


def test_the_table_of_scopes_is_the_committed_one() -> None:
    written = (REFERENCE / "api-scopes.md").read_text(encoding="utf-8")
    assert written == scopes_table(api), "run python tools/reference.py"


def test_every_route_is_described() -> None:
    for methods in api.get_openapi_schema()["paths"].values():
        for described in methods.values():
            assert described["description"].endswith("."), described["operationId"]


@pytest.mark.django_db
def test_the_document_is_served() -> None:
    served = Caller().get("/openapi.json")
    assert served.json["info"]["title"] == "Hutong"
    assert set(served.json["paths"]["/api/v1/orders"]) == {"get", "post"}


@pytest.mark.django_db
def test_the_page_of_the_document_loads_nothing_from_elsewhere() -> None:
    response = Caller().client.get("/api/v1/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "//" not in page.replace("http://testserver", ""), "an address of another host"
    # The strict policy holds here too: scripts come from files of ours, never from the page.
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert page.count("<script") == page.count("<script src=") + page.count('<script type="application/json"')


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/nothing", "/orders/x/y", "/stores", "/"])
def test_addresses_that_do_not_exist_are_problems_too(path: str) -> None:
    refused = Caller().get(path)
    assert (refused.status, refused.code) == (404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", "request_unreadable"), (b"\xff", "request_unreadable"), (b"[]", "request_invalid")],
)
def test_bodies_that_are_not_json_or_not_the_shape(body: bytes, code: str) -> None:
    response = Caller().client.generic("POST", "/api/v1/quotes", body, content_type="application/json")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
