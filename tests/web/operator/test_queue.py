"""The queue: what waits and since when, decisions, reasons in the reader's language, taking back, two operators."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import pictures, publish
from hutong.kernel import audit, clock
from hutong.town.catalog import services as catalog
from hutong.town.catalog.models import Offer
from hutong.town.catalog.queries import offer_by_ref, offer_history
from hutong.town.contents import queries as contents
from hutong.town.merchants.models import Claim, Merchant, Staff
from hutong.town.merchants.queries import merchant_by_ref, merchant_history
from hutong.town.merchants.types import ClaimMethod, ClaimState
from tests.factories import catalog as catalog_factory
from tests.factories import merchants, people, regions
from tests.factories.pictures import upload
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def deal(here: Shop, title: str = "Soup", *, at: datetime | None = None, price: int = 1990) -> str:
    """A deal of the shop that waits, with a title in both languages."""
    draft = catalog_factory.draft(titles={"en": title, "zh-Hans": f"{title}汤"}, price=price)
    made = catalog_factory.offer(store=here.scene.store, draft=draft, live=False, at=here.at)
    catalog.submit_offer(offer_ref=made.public_id, by=None, at=at or here.at)
    return made.public_id


def text_version(here: Shop, text: str = "Now with a terrace") -> str:
    """A version of the store's text that waits."""
    made = publish.propose_store(
        store_ref=here.scene.store.public_id,
        body={"descriptions": {"en": text}},
        by=here.owner,
        at=clock.now(),
    )
    return made.ref


def claim() -> Claim:
    """A claim of a free listing, with a document, that waits."""
    return Claim.objects.create(
        store=merchants.listing(name="Free Café"),
        person=people.person(name="Carla", language="zh-hans"),
        method=ClaimMethod.DOCUMENT.value,
        state=ClaimState.WAITING.value,
        created_at=clock.now(),
        submitted_at=clock.now(),
    )


def decide(browser: Client, ref: str, **body: str) -> tuple[int, str]:
    """The status, and where it leads."""
    response = browser.post(f"/operator/queue/{ref}/decide/", body)
    return response.status_code, response.get("Location", "")


def state_of(ref: str) -> str:
    found = merchant_by_ref(ref) if ref.startswith("mer_") else offer_by_ref(ref)
    assert found is not None
    return found.state.value


def test_everything_that_waits_is_in_the_order_of_waiting_with_its_kind(here: Shop, browser: Client) -> None:
    now = clock.now()
    merchant = merchants.merchant(name="Early", approved=False, at=now - timedelta(days=2)).public_id
    offer, version, claimed = deal(here, at=now - timedelta(hours=23)), text_version(here), claim().public_id
    page = browser.get("/operator/queue/")
    seen = [(item.ref, item.kind.value, item.overdue) for item in page.context["items"]]
    assert seen == [
        (merchant, "merchant", True),
        (offer, "deal", False),
        *sorted([(version, "content", False), (claimed, "claim", False)], key=lambda one: one[0] == claimed),
    ]
    assert [item.waited for item in page.context["items"]][:2] == ["waits 2 days", "waits 23 hours"]
    assert {chip["label"]: chip["count"] for chip in page.context["chips"]} == {
        "All": 4,
        "Claims": 1,
        "Merchants": 1,
        "Deals": 1,
        "Contents": 1,
    }
    assert page.context["chosen"] == merchant


def test_tabs_and_regions_narrow_it(here: Shop, browser: Client) -> None:
    elsewhere = merchants.merchant(region=regions.region(slug="elsewhere"), approved=False).public_id
    offer = deal(here)
    found = {
        query: [item.ref for item in browser.get(f"/operator/queue/{query}").context["items"]]
        for query in (
            "?tab=deal",
            "?tab=merchant",
            "?region=elsewhere",
            "?tab=deal&region=elsewhere",
            "?tab=x",
        )
    }
    assert found == {
        "?tab=deal": [offer],
        "?tab=merchant": [elsewhere],
        "?region=elsewhere": [elsewhere],
        "?tab=deal&region=elsewhere": [],
        "?tab=x": [elsewhere, offer],
    }


def test_statements_do_not_grow_with_what_waits(here: Shop, browser: Client) -> None:
    deal(here, "First")
    text_version(here)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get("/operator/queue/?tab=deal").status_code == 200
        return len(seen)

    statements()  # reads the announcements for the next seconds
    before = statements()
    for number in range(5):
        deal(here, f"More {number}")
        merchants.merchant(approved=False)
    assert statements() == before


def test_what_a_waiting_merchant_says_of_itself_is_seen_before_it_is_approved(
    here: Shop, browser: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    waiting = merchants.merchant(approved=False)
    store = merchants.store(merchant=waiting)
    owner = Staff.objects.get(merchant=waiting, role="owner").person
    publish.propose_store(
        store_ref=store.public_id, body={"descriptions": {"en": "Soup since 1920"}}, by=owner, at=here.at
    )
    shown = pictures.add(owner_ref=store.public_id, stream=io.BytesIO(upload()), by=owner, at=here.at)
    page = browser.get(f"/operator/queue/{waiting.public_id}/").content.decode()
    assert "Soup since 1920" in page
    assert shown.variants[0].webp in page


def test_after_a_decision_the_next_one_opens_within_the_same_part(here: Shop, browser: Client) -> None:
    first, second, third = (deal(here, title) for title in ("A", "B", "C"))
    merchants.merchant(approved=False, at=here.at - timedelta(days=1))
    page = browser.post(f"/operator/queue/{second}/decide/?tab=deal", {"decision": "approve"}, follow=True)
    assert page.redirect_chain == [(f"/operator/queue/{third}/?tab=deal", 302)]
    assert "“B” was approved." in page.content.decode()
    last = browser.post(f"/operator/queue/{third}/decide/?tab=deal", {"decision": "approve"})
    assert last["Location"] == f"/operator/queue/{first}/?tab=deal"
    assert [state_of(ref) for ref in (first, second, third)] == ["submitted", "live", "live"]


def test_the_last_one_leads_to_an_empty_queue(browser: Client) -> None:
    waiting = merchants.merchant(name="New Shop Oy", approved=False).public_id
    assert decide(browser, waiting, decision="approve") == (302, "/operator/queue/")
    assert state_of(waiting) == "approved"
    assert "Nothing waits" in browser.get("/operator/queue/").content.decode()


def test_a_refusal_needs_a_reason_and_keeps_it(browser: Client) -> None:
    waiting = merchants.merchant(name="New Shop Oy", approved=False).public_id
    missing = browser.post(f"/operator/queue/{waiting}/decide/", {"decision": "reject", "reason": " "})
    assert (missing.status_code, missing.context["refusing"]) == (422, True)
    assert "Please say why" in missing.content.decode()
    decide(browser, waiting, decision="reject", reason="No such street.")
    (move,) = merchant_history(waiting)
    assert (move.to_state, move.reason, move.by_name) == ("rejected", "No such street.", "Olli Operator")
    assert decide(browser, waiting, decision="maybe")[0] == 404


def test_a_ready_reason_is_sent_in_the_language_of_the_owner(browser: Client) -> None:
    owner = people.person(language="zh-hans")
    waiting = merchants.merchant(name="面馆", owner=owner, approved=False).public_id
    page = browser.get(f"/operator/queue/{waiting}/")
    (choice,) = [each for each in page.context["choices"] if each.key == "merchant.twice"]
    assert (choice.label, choice.text) == (
        "面馆 is already on the site under another name.",
        "面馆已以其他名称入驻。",
    )
    decide(browser, waiting, decision="reject", ready="merchant.twice")
    assert merchant_history(waiting)[0].reason == "面馆已以其他名称入驻。"


def test_words_written_count_before_the_ready_reason(here: Shop, browser: Client) -> None:
    ref = deal(here)
    decide(browser, ref, decision="reject", ready="deal.vague", reason="My words")
    assert offer_history(ref)[-1].reason == "My words"
    assert decide(browser, deal(here), decision="reject", ready="merchant.twice")[0] == 422


def test_of_two_operators_the_second_is_told(here: Shop, browser: Client) -> None:
    for ref in (deal(here), merchants.merchant(approved=False).public_id, text_version(here)):
        other = visitor(people.operator(name="Other"))
        assert decide(other, ref, decision="approve")[0] == 302
        late = browser.post(f"/operator/queue/{ref}/decide/", {"decision": "approve"})
        assert late.status_code == 409
        assert 'role="alert"' in late.content.decode()
        assert "Other" in late.content.decode()


def test_what_changed_since_it_was_opened_is_not_decided(here: Shop, browser: Client) -> None:
    ref = deal(here)
    seen = browser.get(f"/operator/queue/{ref}/").context["seen"]
    Offer.objects.filter(public_id=ref).update(price=1)
    late = browser.post(f"/operator/queue/{ref}/decide/", {"decision": "approve", "seen": seen})
    assert late.status_code == 409
    assert "changed since you opened it" in late.content.decode()
    assert state_of(ref) == "submitted"
    assert decide(browser, ref, decision="approve", seen=late.context["seen"])[0] == 302


def test_the_last_decision_is_taken_back(here: Shop, browser: Client) -> None:
    ref = deal(here)
    decide(browser, ref, decision="approve")
    assert browser.get("/operator/queue/").context["last"]["ref"] == ref
    back = browser.post("/operator/queue/undo/?tab=deal", {"ref": ref})
    assert (back.status_code, back["Location"]) == (302, f"/operator/queue/{ref}/?tab=deal")
    assert state_of(ref) == "submitted"
    again = browser.post("/operator/queue/undo/", {"ref": ref}, follow=True)
    assert "nothing to take back" in again.content.decode()
    assert [entry.action for entry in audit.search(subject=ref).entries][:2] == [
        "offer.decision_taken_back",
        "offer.approve",
    ]


def test_nobody_takes_back_what_somebody_else_decided_or_what_is_old(
    here: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = deal(here)
    decide(browser, ref, decision="approve")
    other = visitor(people.operator(name="Other"))
    other.post("/operator/queue/undo/", {"ref": ref})
    assert state_of(ref) == "live"
    late = clock.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert browser.get("/operator/queue/").context["last"] is None
    told = browser.post("/operator/queue/undo/", {"ref": ref}, follow=True).content.decode()
    assert "can no longer be taken back" in told
    assert state_of(ref) == "live"


def test_simple_ones_are_approved_together(here: Shop, browser: Client) -> None:
    good, other, doubtful = deal(here, "A"), deal(here, "B"), deal(here, "C", price=100)
    version, merchant = text_version(here), merchants.merchant(approved=False).public_id
    simple = {item.ref: item.simple for item in browser.get("/operator/queue/").context["items"]}
    assert simple == {good: True, other: True, doubtful: False, version: True, merchant: False}
    chosen = [good, other, doubtful, version, merchant]
    asked = browser.get("/operator/queue/together/", {"ref": chosen})
    assert {line["item"].ref for line in asked.context["lines"]} == {good, other, version}
    assert [state_of(ref) for ref in (good, other)] == ["submitted", "submitted"]
    decide(visitor(people.operator()), other, decision="approve")
    done = browser.post("/operator/queue/together/", {"ref": chosen}, follow=True)
    assert done.status_code == 200
    assert "2 approved." in done.content.decode()
    assert "Some were left out" in done.content.decode()
    assert (state_of(good), state_of(doubtful), state_of(merchant)) == ("live", "submitted", "applied")
    assert contents.waiting() == []


def test_together_has_a_limit_and_leaves_out_what_changed(
    here: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.web.operator.queue.views.MOST_TOGETHER", 2)
    first, second, third = (deal(here, title) for title in ("A", "B", "C"))
    asked = browser.get("/operator/queue/together/", {"ref": [first, second, third]})
    assert (len(asked.context["lines"]), asked.context["too_many"]) == (2, True)
    seen = {line["item"].ref: line["facts"]["seen"] for line in asked.context["lines"]}
    Offer.objects.filter(public_id=first).update(price=1800)
    body = {"ref": [first, second, third]} | {f"seen_{ref}": mark for ref, mark in seen.items()}
    told = browser.post("/operator/queue/together/", body, follow=True).content.decode()
    assert "A: This has changed since you opened it" in told
    assert [state_of(ref) for ref in (first, second, third)] == ["submitted", "live", "submitted"]


def test_a_deal_shows_its_doubts_others_and_what_changed(here: Shop, browser: Client) -> None:
    ref = deal(here, price=500)
    decide(browser, ref, decision="reject", reason="Too cheap")
    audit.record(
        action="offer.changed", subject=ref, by=here.owner.public_id, at=clock.now(),
        before={"price": 500, "titles": {"en": "Soup"}}, after={"price": 990, "titles": {"en": "Hot soup"}},
    )  # fmt: skip
    Offer.objects.filter(public_id=ref).update(price=990)
    catalog.submit_offer(offer_ref=ref, by=None, at=clock.now())
    page = browser.get(f"/operator/queue/{ref}/")
    assert [each.doubt.value for each in page.context["doubts"]] == ["deep_discount"]
    assert [other.ref for other in page.context["others"]] == [here.scene.offer.public_id]
    price, title = page.context["changes"]
    assert (price.label, price.before, price.after) == ("Price", "€5.00", "€9.90")
    assert [(piece.kind.value, piece.text) for piece in title.pieces] == [
        ("removed", "Soup"),
        ("added", "Hot soup"),
    ]
    assert "<ins>" in page.content.decode()
    assert "Too cheap" in page.content.decode()


def test_a_version_shows_what_it_adds_and_takes_away(here: Shop, browser: Client) -> None:
    first = text_version(here, "Coffee and cake")
    decide(browser, first, decision="approve")
    second = text_version(here, "Coffee and ice cream")
    page = browser.get(f"/operator/queue/{second}/")
    (line,) = page.context["changes"]
    assert line.label == "Text (English)"
    assert [(piece.kind.value, piece.text) for piece in line.pieces] == [
        ("same", "Coffee and "),
        ("removed", "cake"),
        ("added", "ice cream"),
    ]
    assert [each.number for each in page.context["history"]] == [2, 1]
    decide(browser, second, decision="reject", ready="content.untrue")
    decided = contents.revision(second)
    assert decided is not None
    assert decided.reason.startswith("The text promises what Kahvila does not offer.")


def test_a_merchant_warns_of_one_that_may_be_the_same(here: Shop, browser: Client) -> None:
    waiting = merchants.merchant(name="Again", approved=False)
    Merchant.objects.filter(pk__in=[waiting.pk, here.scene.merchant.pk]).update(phone="+358401112223")
    page = browser.get(f"/operator/queue/{waiting.public_id}/")
    assert [(each.ref, each.by) for each in page.context["alike"]] == [
        (here.scene.merchant.public_id, ("phone",))
    ]
    assert "same phone" in page.content.decode()


def test_a_claim_is_decided_with_its_evidence_in_sight(browser: Client) -> None:
    made = claim()
    page = browser.get(f"/operator/queue/{made.public_id}/")
    told = page.content.decode()
    assert "Free Café" in told
    assert str(made.person.phone) not in told
    assert page.context["reader_language"] == "zh-Hans"
    assert decide(browser, made.public_id, decision="reject", ready="claim.unreadable")[0] == 302
    made.refresh_from_db()
    assert (made.state, made.reason) == ("rejected", "文件无法辨认，请重新提交清晰的图片。")


def test_an_approved_claim_gives_the_listing_to_a_new_merchant(browser: Client) -> None:
    made = claim()
    assert decide(browser, made.public_id, decision="approve")[0] == 302
    made.refresh_from_db()
    made.store.refresh_from_db()
    assert made.state == "approved"
    assert made.store.merchant is not None
    back = browser.post("/operator/queue/undo/", {"ref": made.public_id}, follow=True)
    assert back.status_code == 200
    made.refresh_from_db()
    assert made.state == "approved"


def test_ready_reasons_are_kept_changed_and_retired(here: Shop, browser: Client) -> None:
    page = browser.get("/operator/queue/reasons/?kind=deal")
    keys = [each.key for each in page.context["reasons"]]
    assert keys[0] == "deal.list_price"
    words = {"kind": "deal", "en": "Too loud.", "zh": "太吵。"}
    assert browser.post("/operator/queue/reasons/save/", words | {"zh": " "}).status_code == 422
    assert browser.post("/operator/queue/reasons/save/", words | {"en": "{phone}"}).status_code == 422
    assert browser.post("/operator/queue/reasons/save/", words).status_code == 302
    assert browser.post("/operator/queue/reasons/save/", words | {"key": keys[0]}).status_code == 302
    retired = browser.post("/operator/queue/reasons/retire/", {"kind": "deal", "key": keys[1]})
    assert retired.status_code == 302
    offered = [each.label for each in browser.get(f"/operator/queue/{deal(here)}/").context["choices"]]
    assert (offered[0], offered[-1], len(offered)) == ("Too loud.", "Too loud.", len(keys))
    edited = browser.get(f"/operator/queue/reasons/?kind=deal&edit={keys[1]}")
    assert edited.context["form"].initial["en"].startswith("The text does not say clearly")
    assert browser.get("/operator/queue/reasons/?kind=none").status_code == 404
    assert browser.post("/operator/queue/reasons/save/", words | {"key": "deal.none"}).status_code == 404
