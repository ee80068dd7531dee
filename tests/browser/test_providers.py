"""The loop with each provider's simulator: chosen at checkout, paid on its page or by its code, and the voucher is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor, arrivals
from tests.fakes.providers.__main__ import start
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.site import Site, run_site

SHOPPER = "+358405550177"
INSIDE_WECHAT = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50"
# WeChat's own object, which comes some time after the page; `handToWechat` is the app around the browser.
BRIDGE = """window.addEventListener("load", () => {
    const invoke = (name, call, done) => window.handToWechat(name, call).then((said) => done({ err_msg: said }));
    window.WeixinJSBridge = { invoke };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
});"""
BACK = re.compile(r"/pay/ord_\w+/return/")  # a fragment of the payment page may be left behind it


@dataclass
class YuanSite(Site):
    """A site with WeChat, as far as a browser inside it sees it."""

    wechat: WechatSimulator


@pytest.fixture(scope="module")
def yuan_site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[YuanSite]:
    """A site of its own whose payments go to three simulators."""
    with ExitStack() as stack:
        made = {name: start(stack, name) for name in ("stripe", "wechat", "alipay")}
        wechat = made["wechat"][0]
        assert isinstance(wechat, WechatSimulator)
        settings = {name: value for _one, known in made.values() for name, value in known.items()}
        settings["HUTONG_PROVIDERS"] = "stripe,wechat,alipay"
        settings["HUTONG_DEFAULT_REGION"] = "gulou"
        site = stack.enter_context(run_site(tmp_path_factory.mktemp("yuan"), workers=1, **settings))
        stripe: Any = made["stripe"][0]
        stripe.notify_url = f"{site.url}/api/v1/webhooks/stripe"  # the others are told by each call
        yield YuanSite(**vars(site), wechat=wechat)


@pytest.fixture
def arrive(yuan_site: YuanSite, transactional_db: None, browser: Browser) -> Iterator[Arrive]:
    """Visitors of that site, which has three shops in a street of Beijing."""
    from hutong.flows import jobs
    from hutong.flows.demo_city.yuan import seed_yuan
    from hutong.kernel import clock

    seed_yuan(at=clock.now())
    jobs.drain()
    with arrivals(browser, yuan_site.url, zone="Asia/Shanghai") as arriving:
        yield arriving


def checkout_with(visitor: Visitor, provider: str, *, remembered: str) -> None:
    """From a deal to the payment, by another way than the one that was chosen the last time."""
    page = visitor.page
    page.goto("/")
    page.goto(str(page.locator("a[href^='/deal/']").first.get_attribute("href")) + "buy/")
    expect(page.locator("input[name=provider]")).to_have_count(3)
    expect(page.locator(f"input[name=provider][value={remembered}]")).to_be_checked()
    visitor.check_accessible()
    visitor.check_fits()
    page.locator(f"input[name=provider][value={provider}]").check()
    page.locator("#checkout .buy-bar button").click()


def voucher_appears(visitor: Visitor) -> None:
    """The page we come back to says that it is paid, whether it waited for the news or not; with a voucher."""
    page = visitor.page
    page.wait_for_url(BACK)
    expect(page.locator("[data-settled] h1")).to_be_visible()
    expect(page.locator("a[href^='/voucher/vch_']").first).to_be_visible()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh-hans", "dark")])
def test_the_loop_with_each_provider(arrive: Arrive, yuan_site: YuanSite, language: str, scheme: str) -> None:
    from hutong.pay.payments.models import Payment

    visitor = arrive(language=language, size=PHONE if language == "en" else DESKTOP, scheme=scheme)
    page = visitor.page
    visitor.sign_in(SHOPPER)
    checkout_with(visitor, "stripe", remembered="stripe")
    page.wait_for_url("**/simulator/pay/*")
    # WeChat Pay's H5 takes shoppers from the site's own domain alone; more than that is nobody's business.
    assert page.evaluate("document.referrer") == f"{yuan_site.url}/"
    page.locator("button[value=pay]").click()
    voucher_appears(visitor)

    checkout_with(visitor, "wechat", remembered="stripe")
    page.wait_for_url(BACK)
    expect(page.locator("[role=img] svg")).to_be_visible()
    visitor.check_accessible()
    visitor.check_fits()
    phone = page.context.new_page()  # a browser of this machine scans the code, as a phone would
    phone.goto(Payment.objects.get(provider="wechat").redirect_url)
    phone.locator("button[value=pay]").click()
    # Nothing is clicked here: the page has heard of it.
    voucher_appears(visitor)
    visitor.check_accessible()

    checkout_with(visitor, "alipay", remembered="wechat")
    page.wait_for_url("**/simulator/pay/*")
    page.locator("button[value=no]").click()
    page.wait_for_url(BACK)
    page.locator("details summary").click()
    visitor.check_accessible()
    visitor.check_fits()
    page.locator("input[name=provider][value=stripe]").check()
    page.locator("details button[type=submit]").click()
    page.wait_for_url("**/simulator/pay/*")
    page.locator("button[value=pay]").click()
    voucher_appears(visitor)

    checkout_with(visitor, "alipay", remembered="stripe")
    page.wait_for_url("**/simulator/pay/*")
    page.locator("button[value=pay]").click()
    voucher_appears(visitor)
    assert sorted(Payment.objects.values_list("provider", "state")) == [
        ("alipay", "captured"), ("alipay", "closed"),
        ("stripe", "captured"), ("stripe", "captured"), ("wechat", "captured"),
    ]  # fmt: skip


def test_inside_wechat_the_page_hands_the_payment_to_the_app(arrive: Arrive, yuan_site: YuanSite) -> None:
    from hutong.pay.payments.models import Payment

    visitor = arrive(language="zh-hans", agent=INSIDE_WECHAT)
    page, asked, answers = visitor.page, [], ["cancel", "ok"]

    def hand_over(name: str, call: dict[str, str]) -> str:
        """The person inside WeChat looks at the sum: goes back the first time, and agrees the second time."""
        asked.append((name, call["package"]))
        answer = answers.pop(0)
        if answer == "ok":
            yuan_site.wechat.hand_over(call)
        return f"get_brand_wcpay_request:{answer}"

    page.expose_function("handToWechat", hand_over)
    page.add_init_script(BRIDGE)
    visitor.sign_in(SHOPPER)
    checkout_with(visitor, "wechat", remembered="stripe")
    page.wait_for_url(BACK)  # by way of WeChat's sign-in, which shows nothing
    cancelled = page.locator("wechat-pay [data-said=cancelled]")
    expect(cancelled).to_be_visible()
    expect(page.locator("wechat-pay [data-said=failed]")).to_be_hidden()
    expect(page.locator("details summary")).to_be_visible()
    visitor.check_accessible()
    visitor.check_fits()
    page.locator("wechat-pay").evaluate("(element) => element.setAttribute('data-before', '')")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    # The app gave the page back, so it has read itself anew; what was said still stands there.
    expect(page.locator("wechat-pay:not([data-before])")).to_be_visible()
    expect(cancelled).to_be_visible()
    page.reload()
    page.locator("wechat-pay button").click()
    voucher_appears(visitor)
    visitor.check_fits()
    (payment,) = Payment.objects.all()
    assert (payment.provider, payment.state) == ("wechat", "captured")
    # Asked once by itself and once by the person; nobody is asked again when the page is read anew.
    assert asked == [("getBrandWCPayRequest", payment.redirect_url)] * 2
