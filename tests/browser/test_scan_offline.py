"""The scan page loses its network: it verifies by itself, waits, tells, and shows what came too late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from hutong.kernel import clock
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import OfflineScan, Redemption
from tests.browser.conftest import DESKTOP, PHONE, Arrive, arrivals
from tests.browser.fake_camera import camera_before
from tests.browser.test_loop import owner_phone
from tests.factories import people
from tests.factories.loop import scene
from tests.factories.vouchers import promise
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

WORDS = {
    "en": {"yes": "Valid", "no network": "No network", "again": "Already scanned here", "not": "Not valid here",
           "conflict": "It was used somewhere else before this scan arrived.", "needs": "Needs the network",
           "given": "Given to a friend", "three": "Uses: 3", "few": "Fewer are left", "many": "Too many at once",
           "day": "Fewer are left today", "on its way": "Undo it under Today once it is there."},
    "zh-hans": {"yes": "有效", "no network": "没有网络", "again": "本机已扫过", "not": "本店不可用",
                "conflict": "在这次扫码上传之前，此券已在别处使用。", "needs": "需要网络",
                "given": "已转赠", "three": "使用次数： 3", "few": "剩余次数不足", "many": "一次用得太多",
                "day": "今日剩余次数不足", "on its way": "送达后请在“今日”中撤销。"},
}  # fmt: skip
DB = """(state) => new Promise((resolve, reject) => {
  const open = indexedDB.open("hutong-scan", 1);
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const asked = open.result.transaction("scans").objectStore("scans").getAll();
    asked.onsuccess = () => resolve(asked.result.filter((scan) => scan.state === state).length);
  };
})"""
# Which vouchers gave how many uses, once so many scans are remembered, which is soon after the answer is seen.
REMEMBERED = """async (number) => {
  const database = await new Promise((resolve, reject) => {
    const open = indexedDB.open("hutong-scan", 1);
    open.onerror = () => reject(open.error);
    open.onsuccess = () => resolve(open.result);
  });
  let scans = [];
  for (let look = 0; look < 300 && scans.length < number; look += 1) {
    await new Promise(requestAnimationFrame);
    scans = await new Promise((resolve) => {
      const asked = database.transaction("scans").objectStore("scans").getAll();
      asked.onsuccess = () => resolve(asked.result);
    });
  }
  return scans.map(({ voucher, uses }) => [voucher, uses]);
}"""


@pytest.fixture
def scanner(site: Site, worker: None, browser: Browser) -> Iterator[Arrive]:
    """Visitors of a site with one shop, which is all that a scanner needs."""
    with arrivals(browser, site.url) as arriving:
        yield arriving


# Changes the bundle that the page keeps; what an earlier change did is undone.
KEPT = """(change) => new Promise((resolve, reject) => {
  const open = indexedDB.open("hutong-scan", 1);
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const store = open.result.transaction("kept", "readwrite").objectStore("kept");
    store.get("bundle").onsuccess = ({ target }) => {
      globalThis.asGiven ??= structuredClone(target.result);
      const kept = structuredClone(globalThis.asGiven);
      Object.assign(kept, { ...change, limits: { ...kept.limits, ...change.limits } });
      if (change.hoursAgo) kept.fetchedAt -= change.hoursAgo * 3600000;
      store.put(kept, "bundle").onsuccess = resolve;
    };
  };
}).then(() => true)"""


def show(page: Page, text: str, *, uses: int = 1) -> None:
    """Hold a QR before the page: what the camera reads comes into the form in this way.

    With more `uses` as if the question "How many?" had been answered as well.
    """
    if page.locator("[data-next]").count():
        page.locator("#scan-area [data-next]").click()
    page.evaluate(
        "([text, uses]) => { const form = document.getElementById('scan-form');"
        " form.elements.code.value = text;"
        " if (uses > 1) form.append(Object.assign(document.createElement('input'),"
        " { type: 'hidden', name: 'uses', value: uses })); form.requestSubmit(); }",
        [text, uses],
    )


def said(page: Page, words: str) -> None:
    expect(page.locator("#scan-area #answer-headline")).to_have_text(words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", PHONE, "light"), ("zh-hans", PHONE, "dark"), ("en", DESKTOP, "dark")],
)
def test_scanner_without_a_network(
    scanner: Arrive, language: str, size: tuple[int, int], scheme: str
) -> None:
    here = scene(at=clock.now())
    first, second = here.bought(quantity=2)
    words = WORDS[language]

    shop = scanner(language=language, size=size, scheme=scheme)
    shop.sign_in(owner_phone(first.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("page", "kept")
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")
    shop.lose_network()
    page.goto("/merchant/scan/")
    expect(page.locator("[data-state=offline]")).to_contain_text(words["no network"])
    shop.check_accessible()

    show(page, first.qr_text)
    said(page, words["yes"])
    expect(page.locator("[data-waiting-count]")).to_have_text("1")
    shop.check_accessible()
    shop.check_fits()
    show(page, first.qr_text)
    said(page, words["again"])
    shop.check_accessible()
    show(page, first.qr_text[:-8] + "AAAAAAAA")
    said(page, words["not"])
    show(page, first.code)
    said(page, words["needs"])
    show(page, second.qr_text)
    said(page, words["yes"])
    assert page.evaluate(DB, "waiting") == 2
    # A phone that is switched off and on has forgotten nothing.
    page.goto("/merchant/scan/")
    expect(page.locator("[data-waiting-count]")).to_have_text("2")
    assert Redemption.objects.count() == 0

    # Meanwhile another till, which has a network, redeems the second.
    here.scan(second.code, at=clock.now())
    page.context.set_offline(False)
    expect(page.locator("[data-conflicts]")).to_contain_text(words["conflict"], timeout=30_000)
    expect(page.locator("[data-state=offline]")).to_be_hidden()
    expect(page.locator("[data-waiting]")).to_be_hidden()
    shop.check_accessible()
    shop.check_fits()
    assert sorted(OfflineScan.objects.values_list("outcome", "reason")) == [
        ("conflict", "voucher_already_used"),
        ("redeemed", ""),
    ]
    page.locator("[data-conflicts] a").click()
    expect(page.locator("main")).to_contain_text(words["conflict"])
    shop.check_accessible()
    shop.check_fits()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_scanned_or_taken_back_while_others_are_told(scanner: Arrive, language: str) -> None:
    """What came too late for this telling is told right after it, and what is on its way cannot be held back."""
    here, words = scene(at=clock.now()), WORDS[language]
    first, second = here.bought(quantity=2)
    shop = scanner(language=language)
    shop.sign_in(owner_phone(first.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")
    shop.lose_network()
    show(page, first.qr_text)
    said(page, words["yes"])
    address = f"**{page.locator('offline-scan').get_attribute('data-tell')}"
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)
    with page.expect_request(address):
        page.context.set_offline(False)
    page.locator("[data-take-back]").click()
    expect(page.locator("#toasts")).to_contain_text(words["on its way"])
    show(page, second.qr_text)
    said(page, words["yes"])
    expect(page.locator("offline-scan")).to_have_attribute("waiting", "2")
    held[0].continue_()
    expect(page.locator("[data-waiting]")).to_be_hidden()
    assert Redemption.objects.count() == 2
    page.goto("/merchant/")
    expect(page.locator("form[action*='/scan/undo/'] button[type=submit]")).to_have_count(2)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_network_goes_after_how_many_was_answered(scanner: Arrive, language: str) -> None:
    here, words = scene(at=clock.now()), WORDS[language]
    promise(here.offer.public_id, uses=5, at=here.at)
    (card,) = here.bought()
    shop = scanner(language=language, size=PHONE)
    shop.sign_in(owner_phone(card.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")

    def ask(uses: int) -> None:
        show(page, card.qr_text)
        page.locator("#scan-area input[name=uses]").fill(str(uses))
        shop.lose_network()
        page.locator("#scan-area form[hx-post] button[type=submit]").last.click()

    ask(3)
    said(page, words["yes"])
    expect(page.locator("#scan-area [data-uses=n]")).to_have_text(words["three"])
    shop.check_accessible()
    shop.check_fits()
    assert page.evaluate(DB, "waiting") == 1
    # Two are left by what this phone knows: one at a time it serves them, and not a third.
    for headline in (words["yes"], words["yes"], words["again"]):
        show(page, card.qr_text)
        said(page, headline)
    expect(page.locator("[data-waiting-count]")).to_have_text("3")
    assert Redemption.objects.count() == 0
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_be_hidden(timeout=30_000)
    assert sorted(OfflineScan.objects.values_list("uses", "outcome")) == [
        (1, "redeemed"), (1, "redeemed"), (3, "redeemed"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_left_of_the_day_and_what_goes_at_once_have_words_of_their_own(
    scanner: Arrive, language: str
) -> None:
    here, words = scene(at=clock.now()), WORDS[language]
    promise(here.offer.public_id, uses=6, at_once=3, a_day=4, at=here.at)
    (card,) = here.bought()
    shop = scanner(language=language, size=PHONE)
    shop.sign_in(owner_phone(card.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")
    shop.lose_network()
    for uses, answer in ((7, "few"), (4, "many"), (3, "yes"), (2, "day"), (1, "yes"), (1, "again")):
        show(page, card.qr_text, uses=uses)
        said(page, words[answer])
        shop.check_accessible()
        shop.check_fits()
    assert page.evaluate(DB, "waiting") == 2


def test_the_phone_remembers_the_vouchers_that_gave_the_uses(scanner: Arrive) -> None:
    """Of three cards with one use a day: two uses of the first take one of the second, and a scan more the third's.

    What was undone is forgotten.
    """
    here = scene(at=clock.now())
    promise(here.offer.public_id, uses=2, a_day=1, at=here.at)
    first, second, third = here.bought(quantity=3)
    shop = scanner(size=PHONE)
    shop.sign_in(owner_phone(first.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")
    show(page, first.qr_text)
    page.locator("#scan-area input[name=uses]").fill("2")
    page.locator("#scan-area form[hx-post] button[type=submit]").last.click()
    said(page, "Valid")
    took = page.evaluate(REMEMBERED, 2)
    assert sorted(took) == sorted([[first.ref, 1], [second.ref, 1]])
    show(page, first.qr_text)
    assert [third.ref, 1] in page.evaluate(REMEMBERED, 3)
    assert Redemption.objects.count() == 3
    page.locator("#scan-area").get_by_role("button", name="Undo").click()
    said(page, "Undone")
    shop.lose_network()
    for one, answer in ((first, "again"), (second, "again"), (third, "yes"), (third, "again")):
        show(page, one.qr_text)
        said(page, WORDS["en"][answer])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_giver_is_refused_and_the_friend_is_served(scanner: Arrive, language: str) -> None:
    here, friend = scene(at=clock.now()), people.person()
    (given,) = here.bought()
    token = services.give(voucher_ref=given.ref, message="", by=here.shopper, at=clock.now()).token
    services.claim(token=token, by=friend, at=clock.now())
    theirs = queries.voucher_view(given.ref, friend, at=clock.now())
    assert theirs is not None
    shop = scanner(language=language, size=PHONE)
    shop.sign_in(owner_phone(given.ref), to="/merchant/scan/")
    expect(shop.page.locator("offline-scan")).to_have_attribute("state", "online")
    shop.lose_network()
    show(shop.page, given.qr_text)
    said(shop.page, WORDS[language]["given"])
    shop.check_accessible()
    shop.check_fits()
    show(shop.page, theirs.qr_text)
    said(shop.page, WORDS[language]["yes"])


def test_the_library_verifies_as_the_browser_does(scanner: Arrive) -> None:
    """Where a browser lacks Ed25519, the kept library reads the same text, and refuses the same changes."""

    (voucher,) = scene(at=clock.now()).bought()
    shop = scanner()
    shop.sign_in(owner_phone(voucher.ref), to="/merchant/scan/")
    page = shop.page
    expect(page.locator("offline-scan")).to_have_attribute("state", "online")
    page.evaluate("document.querySelector('offline-scan').setAttribute('force-library', '')")
    shop.lose_network()
    show(page, voucher.qr_text[:-8] + "AAAAAAAA")
    said(page, WORDS["en"]["not"])
    show(page, voucher.qr_text)
    said(page, WORDS["en"]["yes"])
    page.locator("[data-take-back]").click()
    expect(page.locator("offline-scan")).to_have_attribute("waiting", "0")

    # The limits of the shop, as the page was given them when it last reached the site.
    for change, words in (
        ({"limits": {"allowed": False}}, "Needs the network"),
        ({"hoursAgo": 9}, "Too long without a network"),
        ({"limits": {"most_scans": 0}}, "The limit is reached"),
        ({"limits": {"most_value_minor": 1}}, "The limit is reached"),
        ({"zone": "Asia/Tokyo"}, "Valid"),
    ):
        page.evaluate(KEPT, change)
        show(page, voucher.qr_text)
        said(page, words)


# Until `cellar` is told otherwise, the reader of codes does not come.
NO_READER = """globalThis.cellar = true;
const ask = globalThis.fetch;
globalThis.fetch = (address, ...rest) => globalThis.cellar && String(address).includes("zxing_reader")
  ? Promise.reject(new TypeError("Failed to fetch")) : ask(address, ...rest)"""


@pytest.mark.parametrize(
    ("language", "words"), [("en", "The reader did not load"), ("zh-hans", "扫码组件未能加载")]
)
def test_a_reader_that_did_not_load_comes_with_the_network(
    scanner: Arrive, playwright_session: Playwright, tmp_path: Path, language: str, words: str
) -> None:
    (voucher,) = scene(at=clock.now()).bought()
    with camera_before(voucher.qr_text, playwright_session, tmp_path) as camera:
        shop = scanner(language=language, camera=camera)
        shop.page.add_init_script(NO_READER)
        shop.sign_in(owner_phone(voucher.ref), to="/merchant/scan/")
        page = shop.page
        expect(page.locator("qr-scan[state=unloaded]")).to_contain_text(words)
        shop.check_accessible()
        shop.check_fits()
        # Once more in vain: nothing of the first time is in the way.
        page.locator("[data-when=unloaded] [data-scan-again]").click()
        expect(page.locator("qr-scan[state=starting]")).to_have_count(0)
        expect(page.locator("qr-scan[state=unloaded]")).to_be_visible()
        shop.lose_network()
        page.evaluate("() => { globalThis.cellar = false }")
        page.context.set_offline(False)
        expect(page.locator("#answer-headline")).to_have_text(WORDS[language]["yes"])
        wait_until(Redemption.objects.exists, timeout_s=30)
        page.context.close()
