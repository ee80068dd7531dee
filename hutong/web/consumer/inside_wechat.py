"""Paying inside WeChat: its sign-in says who pays, then our page hands the payment to the app.

Where it cannot be (no secret of the app id, or WeChat does not answer), the shopper gets a code to scan as before.
"""

import hmac
import json
import logging
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.errors import ProviderRefused, ProviderUnavailable
from hutong.pay.payments.types import Device, Payer, PaymentState, PaymentView
from hutong.town.people import services as people
from hutong.web.shell.ways_to_pay import payer_of

log = logging.getLogger(__name__)

WECHAT = "wechat"
# In the session: the sign-in that is under way, and how the last one ended: who it is to which app id, or that it
# failed.
_ASKED, _ENDED, _FAILED = "wechat_asked", "wechat_ended", "failed"
_STATE_LIVES = timedelta(minutes=10)


def payer_inside(request: HttpRequest, provider: str) -> Payer:
    """Who is about to pay with `provider`; with an openid where they are inside WeChat and signed in with it here.

    Only what this very session was told counts: two people may use one account, each in their own WeChat.
    """
    assert request.user.is_authenticated
    payer = payer_of(request)
    if payer.device is not Device.WECHAT or provider != WECHAT:
        return payer
    app = payments.app_of(provider=WECHAT)
    ended = request.session.get(_ENDED)
    if not (app and isinstance(ended, dict) and ended.get("app") == app):
        return payer
    return replace(payer, openid=str(ended["openid"]))


def sign_in_first(request: HttpRequest, payer: Payer, provider: str, order_ref: str) -> str:
    """Where the shopper is sent to sign in with WeChat before `order_ref` is paid; "" where that is not needed."""
    if payer.device is not Device.WECHAT or payer.openid or provider != WECHAT:
        return ""
    if not payments.app_of(provider=WECHAT) or request.session.get(_ENDED) == _FAILED:
        return ""
    state = secrets.token_hex(16)
    request.session[_ASKED] = {"state": state, "order": order_ref, "at": clock.now().isoformat()}
    back = f"{settings.HUTONG_SITE_URL}{reverse('inside_wechat')}"
    return payments.sign_in_page(provider=WECHAT, back=back, state=state)


def welcome_back(request: HttpRequest) -> str:
    """Keep who came back from WeChat's sign-in, which this very browser was sent to; the order they were to pay.

    Raises `NotFound` for anybody who was not sent there from here not long ago.
    """
    assert request.user.is_authenticated
    at, asked = clock.now(), request.session.pop(_ASKED, None)
    if not (isinstance(asked, dict) and _is_ours(request.GET.get("state", ""), asked, at)):
        raise NotFound
    try:
        app = payments.app_of(provider=WECHAT)
        openid = payments.signed_in(provider=WECHAT, code=request.GET.get("code", "")[:200])
        people.keep_wechat_id(person=request.user, appid=app, openid=openid, at=at)
        request.session[_ENDED] = {"app": app, "openid": openid}
    except (ProviderRefused, ProviderUnavailable) as error:
        # Shoppers can pay by a code; that they have to is for whoever runs the site to know.
        log.error("nobody was signed in with WeChat: %s", error.details.get("reason"))
        request.session[_ENDED] = _FAILED
        messages.info(request, _("WeChat did not say who you are. Here is a code to pay with instead."))
    return str(asked["order"])


def bridge_for(request: HttpRequest, payment: PaymentView | None) -> str:
    """What the page hands to WeChat to pay, as JSON; "" outside of it, and where the payment goes another way."""
    waits = payment is not None and payment.in_app and payment.state is PaymentState.PENDING
    if payment is None or not waits or payer_of(request).device is not Device.WECHAT:
        return ""
    return json.dumps(payments.bridge(payment=payment, at=clock.now()))


def _is_ours(state: str, asked: dict[str, str], at: datetime) -> bool:
    """Whether this answer is to the question that this browser was sent with, not long ago."""
    fresh = at - datetime.fromisoformat(asked["at"]) <= _STATE_LIVES
    return fresh and hmac.compare_digest(state.encode(), asked["state"].encode())
