"""Codes and tokens over HTTP."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from hutong.flows import jobs
from hutong.town.notifications.models import Notification
from hutong.town.people import queries, rules
from hutong.town.people.models import ApiToken, Person
from tests.api.caller import Caller, as_person
from tests.factories import people

pytestmark = pytest.mark.django_db

PHONE = "+358401234567"


def ask(phone: str = PHONE) -> str:
    assert Caller().post("/auth/codes", {"phone": phone}).status == 202
    found = re.search("[0-9]{6}", queries.messages(1)[0].body)
    assert found
    return found[0]


def test_a_code_becomes_a_token_that_opens_ones_orders() -> None:
    made = Caller().post("/auth/tokens", {"phone": "040 123 4567", "code": ask()})
    assert made.status == 201, made.text
    assert made.json["scopes"] == ["orders:read", "orders:write", "reviews:write", "vouchers:read"]
    assert made.json["person"].startswith("per_")
    caller = Caller(made.json["token"])
    assert caller.get("/orders").json == []
    assert caller.get("/operator/queue").code == "scope_missing"


def test_signing_in_accepts_the_texts_and_tells_the_person_s_other_devices(at: datetime) -> None:
    person = people.person(phone=PHONE)
    Person.objects.update(created_at=at - timedelta(hours=2))
    for name in ("Till", "Till", "Shelf"):
        assert Caller().post("/auth/tokens", {"phone": PHONE, "code": ask(), "name": name}).status == 201
    accepted = [(line.what.value, line.source) for line in queries.consent_history(person)]
    assert sorted(accepted) == [("privacy", "api"), ("terms", "api")]
    jobs.drain()
    told = Notification.objects.filter(person=person, kind="new_sign_in").order_by("pk")
    assert [one.params["browser"] for one in told] == ["API · Till", "API · Shelf"]


def test_the_answer_to_a_code_is_the_same_for_known_and_unknown(at: datetime) -> None:
    people.person(phone=PHONE)
    known = Caller().post("/auth/codes", {"phone": PHONE})
    unknown = Caller().post("/auth/codes", {"phone": "+358407654321"})
    assert known.json.keys() == unknown.json.keys()
    assert (known.status, unknown.status) == (202, 202)


def test_wrong_and_used_codes() -> None:
    code = ask()
    wrong = Caller().post("/auth/tokens", {"phone": PHONE, "code": f"{(int(code) + 1) % 1_000_000:06d}"})
    assert (wrong.status, wrong.code, wrong.json["tries_left"]) == (422, "code_wrong", 2)
    assert Caller().post("/auth/tokens", {"phone": PHONE, "code": code}).status == 201
    used = Caller().post("/auth/tokens", {"phone": PHONE, "code": code})
    assert (used.status, used.code) == (410, "code_expired")


@pytest.mark.parametrize("phone", ["", "4711", "not a phone", "1" * 40])
def test_a_phone_in_a_wrong_form_gets_an_example(phone: str) -> None:
    refused = Caller().post("/auth/codes", {"phone": phone})
    assert (refused.status, refused.code) == (422, "phone_invalid")
    assert "+358 " in refused.json["detail"]


def test_too_many_codes_say_when_to_come_back() -> None:
    for _ in range(rules.CODES_PER_PHONE):
        ask()
    refused = Caller().post("/auth/codes", {"phone": PHONE})
    assert (refused.status, refused.code) == (429, "too_many")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600


def test_refusals_speak_the_language_that_was_asked_for() -> None:
    english = Caller().post("/auth/codes", {"phone": "x"}).json["detail"]
    chinese = Caller().post("/auth/codes", {"phone": "x"}, **{"Accept-Language": "zh-Hans"}).json["detail"]
    assert "phone number" in english
    assert "手机号" in chinese


def test_unknown_scopes_are_refused_before_the_code_is_used() -> None:
    code = ask()
    refused = Caller().post("/auth/tokens", {"phone": PHONE, "code": code, "scopes": ["everything"]})
    assert (refused.status, refused.code) == (422, "request_invalid")
    granted = Caller().post("/auth/tokens", {"phone": PHONE, "code": code, "scopes": ["vouchers:read"]})
    assert granted.json["scopes"] == ["vouchers:read"]


def test_a_token_ends_itself(at: datetime) -> None:
    caller = as_person(people.person(), at, scopes=[])
    assert caller.delete("/auth/tokens/current").status == 204
    refused = caller.delete("/auth/tokens/current")
    assert (refused.status, refused.code) == (401, "token_invalid")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_tokens_end_after_90_days(at: datetime) -> None:
    made = Caller().post("/auth/tokens", {"phone": PHONE, "code": ask()})
    token = ApiToken.objects.get(public_id=made.json["ref"])
    assert token.expires_at is not None
    assert token.expires_at - token.created_at == rules.PERSON_TOKEN_LIFETIME


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp4", "Bearer \x00", "bearer per_"]
)
def test_what_is_no_token_is_refused_alike(header: str) -> None:
    refused = Caller().get("/orders", Authorization=header)
    assert (refused.status, refused.code) == (401, "token_invalid")
