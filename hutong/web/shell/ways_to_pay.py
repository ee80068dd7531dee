"""The ways to pay that a shopper chooses from, as they are shown, and which one they chose the last time."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hutong.flows.choose_provider import offered
from hutong.kernel.http import client_address
from hutong.pay.payments.rules import device_of
from hutong.pay.payments.types import Payer

REMEMBERED = "pay_with"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay. `mark` is an icon, `tone` the colour of its tile, `text` what it is for.

    `afterwards` is what it is called by who paid that way: on receipts, and where money goes back.
    """

    name: str
    label: str | Promise
    text: str | Promise
    mark: str
    tone: str
    afterwards: str | Promise


WAYS = {
    way.name: way
    for way in (
        Way(
            "stripe",
            _("Card or wallet"),
            _("Visa, Mastercard, Apple Pay and more, by Stripe"),
            "credit-card",
            "primary",
            _("Card or wallet (Stripe)"),
        ),
        Way(
            "wechat",
            _("WeChat Pay"),
            _("With the WeChat app on your phone"),
            "message-square",
            "success",
            _("WeChat Pay"),
        ),
        Way("alipay", _("Alipay"), _("With the Alipay app or account"), "smartphone", "info", _("Alipay")),
        Way(
            "sandbox",
            _("Sandbox"),
            _("For trying out: moves no money"),
            "sparkles",
            "muted",
            _("Sandbox (moves no money)"),
        ),
    )
}


def ways_for(unit: str) -> list[Way]:
    """What can be chosen for money in `unit`, the usual one first."""
    return [WAYS[name] for name in offered(unit)]


def chosen_way(request: HttpRequest, unit: str, *, before: str = "") -> str:
    """The way that stands chosen on a page: as just sent, else as `before`, else as the last time, else the usual one."""
    names = offered(unit)
    wishes = (
        request.POST.get("provider"),
        request.GET.get("provider"),
        before,
        request.session.get(REMEMBERED),
    )
    return next((wish for wish in wishes if wish in names), names[0] if names else "") or ""


def payer_of(request: HttpRequest) -> Payer:
    """Who is about to pay, as far as providers ask."""
    return Payer(client_address(request), device_of(request.headers.get("User-Agent", "")))
