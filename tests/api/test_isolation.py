"""Every route against everybody it is not for. The list comes from the routes, so a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from hutong.api.doors import SCOPES, Scope
from hutong.api.v1 import api, scope_of
from hutong.kernel import clock
from hutong.pay.giftcards import queries as giftcards
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers.models import Redemption
from tests.api.caller import Answer, Caller
from tests.api.stage import Stage, fingerprint, merchant_of, stage, strangers
from tests.factories import people
from tests.factories.flashsales import flash_sale
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db

OPERATIONS = api.operations()
GUARDED = sorted(name for name, one in OPERATIONS.items() if scope_of(one) != "public")

Ask = Callable[[Caller, Stage], Answer]


def order_body(there: Stage) -> dict[str, object]:
    lines = [{"deal": there.shop.offer.public_id}]
    return {"lines": lines, "quote": Caller().post("/quotes", {"lines": lines}, key=None).json["hash"]}


def own(kind: str, ref_of: Callable[[Stage], str], end: str = "") -> Ask:
    return lambda who, there: who.get(f"{kind}/{ref_of(there)}{end}")


def line_of(there: Stage) -> str:
    """The line of the stage's deal, once it is a flash sale."""
    return f"/deals/{there.shop.offer.public_id}/line"


# How each route is asked for what belongs to the stage, and whose it is.
ASKED: dict[str, tuple[str, Ask]] = {
    "end_token": ("shopper", lambda who, _: who.delete("/auth/tokens/current")),
    "place_order": ("shopper", lambda who, there: who.post("/orders", order_body(there))),
    "list_orders": ("shopper", lambda who, _: who.get("/orders")),
    "get_order": ("shopper", own("/orders", lambda there: there.unpaid_ref)),
    "start_payment": ("shopper", lambda who, there: who.post(f"/orders/{there.unpaid_ref}/payments")),
    "preview_refund": (
        "shopper",
        lambda who, there: who.post(f"/orders/{there.used.order_ref}/refunds/preview", {}, key=None),
    ),
    "refund_order": ("shopper", lambda who, there: who.post(f"/orders/{there.used.order_ref}/refunds")),
    "list_gift_cards": ("shopper", lambda who, _: who.get("/balance")),
    "list_points": ("shopper", lambda who, _: who.get("/points")),
    "open_gift_card": (
        "shopper",
        lambda who, there: who.post("/balance", {"code": giftcards.code_of(there.card_ref)}, key=None),
    ),
    "list_coupons": ("shopper", lambda who, _: who.get("/coupons")),
    "get_coupon": (
        "shopper",
        lambda who, there: who.post("/coupons", {"code": there.coupon_code}, key=None),
    ),
    "take_place": ("shopper", lambda who, there: who.post(line_of(there), key=None)),
    "get_place": ("shopper", lambda who, there: who.get(line_of(there))),
    "leave_line": ("shopper", lambda who, there: who.delete(line_of(there))),
    "list_vouchers": ("shopper", lambda who, _: who.get("/vouchers")),
    "get_voucher": ("shopper", own("/vouchers", lambda there: there.unused.ref)),
    "list_own_reviews": ("shopper", lambda who, _: who.get("/reviews")),
    "write_review": (
        "shopper",
        lambda who, there: who.post(
            "/reviews",
            {"order": there.used.order_ref, "store": there.shop.store.public_id, "stars": 5},
            key=None,
        ),
    ),
    "edit_review": ("shopper", lambda who, there: who.put(f"/reviews/{there.review_ref}", {"stars": 1})),
    "delete_review": ("shopper", lambda who, there: who.delete(f"/reviews/{there.review_ref}")),
    "answer_review": (
        "owner",
        lambda who, there: who.put(f"/reviews/{there.review_ref}/answer", {"text": "Thank you"}),
    ),
    "redeem_voucher": ("device", lambda who, there: who.post("/redemptions", {"code": there.unused.code})),
    "prepare_redemption": (
        "device",
        lambda who, there: who.post("/redemptions/prepare", {"code": there.unused.code}),
    ),
    "get_offline_bundle": ("device", lambda who, _: who.get("/redemptions/offline")),
    "tell_offline_scans": (
        "device",
        lambda who, there: who.post(
            "/redemptions/offline",
            {
                "now": clock.now().isoformat(),
                "scans": [
                    {
                        "nonce": "offline-0001",
                        "qr": there.unused.qr_text,
                        "scanned_at": clock.now().isoformat(),
                    }
                ],
            },
            key=None,
        ),
    ),
    "undo_redemption": ("device", lambda who, there: who.post(f"/redemptions/{there.redemption_ref}/undo")),
    "ask_by_phone": ("device", lambda who, _: who.post("/redemptions/requests", {"phone": "+358401234567"})),
    "get_request": ("owner", own("/redemptions/requests", lambda there: there.request_ref)),
    "withdraw_request": (
        "owner",
        lambda who, there: who.delete(f"/redemptions/requests/{there.request_ref}"),
    ),
    "list_voucher_requests": ("shopper", lambda who, _: who.get("/voucher-requests")),
    "confirm_request": (
        "shopper",
        lambda who, there: who.post(
            f"/voucher-requests/{there.request_ref}/confirm", {"voucher": there.unused.ref}
        ),
    ),
    "refuse_request": (
        "shopper",
        lambda who, there: who.post(f"/voucher-requests/{there.request_ref}/refuse", key=None),
    ),
    "list_stores": ("owner", lambda who, there: who.get(f"/merchant/stores?{asked_merchant(there)}")),
    "get_today": ("owner", lambda who, there: who.get(f"/merchant/today?{asked_merchant(there)}")),
    "list_customers": ("owner", lambda who, there: who.get(f"/merchant/customers?{asked_merchant(there)}")),
    "get_customer": ("owner", own("/merchant/customers", lambda there: there.customer_ref)),
    "pause_deal": (
        "owner",
        lambda who, there: who.post(f"/merchant/deals/{there.shop.offer.public_id}/pause"),
    ),
    "resume_deal": (
        "owner",
        lambda who, there: who.post(f"/merchant/deals/{there.shop.offer.public_id}/resume"),
    ),
    "list_devices": ("owner", lambda who, there: who.get(f"/merchant/devices?{asked_merchant(there)}")),
    "pair_device": (
        "owner",
        lambda who, there: who.post(
            "/merchant/devices", {"store": there.shop.store.public_id, "name": "Mine now"}
        ),
    ),
    "unpair_device": (
        "owner",
        lambda who, there: who.delete(f"/merchant/devices/{there.shop.device.public_id}"),
    ),
    "list_keys": ("owner", lambda who, there: who.get(f"/merchant/keys?{asked_merchant(there)}")),
    "make_key": (
        "owner",
        lambda who, there: who.post(
            "/merchant/keys",
            {"name": "x", "scopes": ["customers:read"], "merchant": merchant_of(there.shop).public_id},
        ),
    ),
    "revoke_key": ("owner", lambda who, there: who.delete(f"/merchant/keys/{there.key_ref}")),
    "explain_stores": (
        "operator",
        lambda who, _: who.get("/operator/stores/find?lon=24.9414&lat=60.1710"),
    ),
    "get_queue": ("operator", lambda who, _: who.get("/operator/queue")),
    "decide_merchant": (
        "operator",
        lambda who, there: who.post(
            f"/operator/merchants/{there.waiting_merchant.public_id}/decision", {"approve": True}
        ),
    ),
    "decide_deal": (
        "operator",
        lambda who, there: who.post(
            f"/operator/deals/{there.waiting_deal.public_id}/decision", {"approve": True}
        ),
    ),
    "list_all_orders": ("operator", lambda who, _: who.get("/operator/orders")),
    "refund_any_order": (
        "operator",
        lambda who, there: who.post(f"/operator/orders/{there.used.order_ref}/refunds"),
    ),
    "get_figures": (
        "operator",
        lambda who, there: who.get(f"/operator/figures?region={there.shop.store.region.slug}"),
    ),
}

# What anybody with a token may do for themselves, which changes something of their own.
OF_A_LINE = {"take_place", "get_place", "leave_line"}
OF_ONES_OWN = {"end_token", "get_coupon", "place_order", "ask_by_phone", *OF_A_LINE}


def asked_merchant(there: Stage) -> str:
    return f"merchant={merchant_of(there.shop).public_id}"


def paused(there: Stage) -> None:
    type(there.shop.offer).objects.filter(pk=there.shop.offer.pk).update(state="paused")


def served_now(there: Stage) -> None:
    """The visit is not too long ago to be reviewed, whatever day it is."""
    Redemption.objects.filter(public_id=there.redemption_ref).update(at=clock.now())


def test_every_guarded_route_is_tried() -> None:
    assert sorted(ASKED) == GUARDED


@pytest.mark.parametrize("name", GUARDED)
def test_only_whose_it_is_gets_in(name: str, at: datetime, sandbox: Sandbox) -> None:
    there = stage(at)
    whose, ask = ASKED[name]
    others = strangers(at)
    if name == "resume_deal":
        paused(there)  # before the fingerprint is taken
    if name == "write_review":
        served_now(there)
    if name in OF_A_LINE:
        flash_sale(there.shop, at=clock.now())
    before = fingerprint()
    for what, caller in {"nobody": Caller(), "a made-up token": Caller("per_made_up")}.items():
        refused = ask(caller, there)
        assert (refused.status, refused.code) == (401, "token_invalid"), what
    for what, caller in others.items():
        if name in OF_ONES_OWN:
            continue
        answer = ask(caller, there)
        # What was named in the question may be named in the refusal: that tells nobody anything new.
        leaks = [one for one in there.secrets if one in answer.text and one not in answer.path]
        assert not leaks, f"{what}: {leaks}"
        if answer.status >= 300:
            assert answer.code in REFUSALS, f"{what}: {answer.text}"
        assert fingerprint() == before, f"{what} changed something"
    answer = ask(getattr(there, whose), there)
    assert 200 <= answer.status < 300, f"{whose}: {answer.text}"


REFUSALS = {
    "forbidden",
    "gift_card_code_unknown",
    "may_not_redeem",
    "not_found",
    "not_visited",
    "offer_unknown",
    "order_unknown",
    "person_token_needed",
    "scope_missing",
    "voucher_unknown",
}


@pytest.mark.parametrize("name", [name for name in GUARDED if scope_of(OPERATIONS[name]) != "any token"])
def test_a_token_without_the_scope_is_refused(name: str, at: datetime) -> None:
    there = stage(at)
    whose, ask = ASKED[name]
    needed = scope_of(OPERATIONS[name])
    caller = without(there, whose, needed, at)
    before = fingerprint()
    answer = ask(caller, there)
    assert (answer.status, answer.code, answer.json["scope"]) == (403, "scope_missing", needed)
    assert fingerprint() == before


def without(there: Stage, whose: str, needed: str, at: datetime) -> Caller:
    """The rightful caller with a token that may do everything but this."""
    kind = TokenKind.DEVICE if whose == "device" else TokenKind.PERSON
    scopes = [one for one in Scope if one.value != needed and kind in SCOPES[one][1]]
    if whose == "device":
        maker = there.owner_person
        plain = people.token_of(
            maker, kind=kind, subject_ref=there.shop.device.public_id, scopes=scopes, at=at
        )
    elif whose == "operator":
        plain = people.token_of(people.operator(), scopes=scopes, at=at)
    else:
        owner = there.owner_person if whose == "owner" else there.shop.shopper
        plain = people.token_of(owner, scopes=scopes, at=at)
    return Caller(plain)
