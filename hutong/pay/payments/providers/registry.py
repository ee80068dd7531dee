"""Which providers there are. A new one is a folder beside this file and a line in the tables below.

Its keys, questions and words: docs/howto/payment-provider.md.
"""

import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import NotFound
from hutong.kernel.money import Money
from hutong.pay.payments.models import Payment
from hutong.pay.payments.providers.alipay.client import GATEWAY_URL as ALIPAY_URL
from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.payments.providers.errors import ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Provider, Transfers
from hutong.pay.payments.providers.sandbox.client import SandboxProvider
from hutong.pay.payments.providers.stripe.client import URL as STRIPE_URL
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.providers.wechat.client import URL as WECHAT_URL
from hutong.pay.payments.providers.wechat.client import WechatProvider

TIMEOUT_S = 10.0
Keys = dict[str, Any]


class ProviderNotFound(NotFound):
    """There is no provider of that name, or it has no keys here."""

    code = "provider_not_found"
    message = _("There is no such payment service.")


class ProviderWithoutKeys(ProviderUnavailable):
    """A provider that this site has no keys of, or no more: nothing can be asked of it until they are set."""

    code = "provider_without_keys"


def _notify_url(name: str) -> str:
    return f"{settings.HUTONG_SITE_URL}/api/v1/webhooks/{name}"


def _sandbox(keys: Keys, timeout_s: float) -> Provider:
    return SandboxProvider(url=keys["url"], secret=keys["secret"], timeout_s=timeout_s)


def _stripe(keys: Keys, timeout_s: float) -> Provider:
    return StripeProvider(
        secret_key=keys["secret_key"],
        webhook_secrets=keys["webhook_secrets"],
        url=keys["url"] or STRIPE_URL,
        connect=keys.get("connect") == "1",
        notify_url=_notify_url("stripe"),
        timeout_s=timeout_s,
    )


def _wechat(keys: Keys, timeout_s: float) -> Provider:
    return WechatProvider(
        mchid=keys["mchid"],
        appid=keys["appid"],
        merchant_serial=keys["merchant_serial"],
        merchant_key=keys["merchant_key"],
        api_v3_key=keys["api_v3_key"],
        public_key=keys["public_key"],
        public_key_id=keys["public_key_id"],
        way=keys["way"],
        app_secret=keys.get("app_secret", ""),
        sign_in_url=keys.get("sign_in_url", ""),
        url=keys["url"] or WECHAT_URL,
        notify_url=_notify_url("wechat"),
        timeout_s=timeout_s,
    )


def _alipay(keys: Keys, timeout_s: float) -> Provider:
    return AlipayProvider(
        app_id=keys["app_id"],
        seller_id=keys["seller_id"],
        private_key=keys["private_key"],
        alipay_public_keys=keys["public_keys"],
        way=keys["way"],
        url=keys["url"] or ALIPAY_URL,
        app_certificate=keys["app_certificate"],
        root_certificates=keys["root_certificates"],
        notify_url=_notify_url("alipay"),
        timeout_s=timeout_s,
    )


_MAKERS: dict[str, Callable[[Keys, float], Provider]] = {
    "sandbox": _sandbox,
    "stripe": _stripe,
    "wechat": _wechat,
    "alipay": _alipay,
}
_CLASSES: dict[str, type[Provider]] = {
    "sandbox": SandboxProvider,
    "stripe": StripeProvider,
    "wechat": WechatProvider,
    "alipay": AlipayProvider,
}
_BILL_ZONES = {"wechat": "Asia/Shanghai", "alipay": "Asia/Shanghai"}
_CURRENCIES = {"wechat": frozenset({"CNY"}), "alipay": frozenset({"CNY"})}

_clients: dict[str, tuple[object, Provider]] = {}
_lock = threading.Lock()


def provider(name: str) -> Provider:
    """The provider called `name`; one client (and its open connections) for each configuration.

    Raises `ProviderNotFound`, `ProviderWithoutKeys`, and `ProviderRefused` where its keys cannot be read.
    """
    if name not in _MAKERS:
        raise ProviderNotFound
    keys = _keys(name)
    if keys is None:
        raise ProviderWithoutKeys(reason=f"there are no keys of {name} in the settings")
    configured = (keys, settings.HUTONG_SITE_URL, timeout_s())
    with _lock:
        made = _clients.get(name)
        if made is None or made[0] != configured:
            made = _clients[name] = (configured, _MAKERS[name](keys, timeout_s()))
        return made[1]


def timeout_s() -> float:
    """How long an answer of a provider is waited for."""
    return float(getattr(settings, "HUTONG_PAYMENT_TIMEOUT_S", TIMEOUT_S))


def has_keys(name: str) -> bool:
    """Whether this site can ask the provider anything."""
    return name in _MAKERS and _keys(name) is not None


def offered(unit: str) -> list[str]:
    """The providers that a shopper may choose for money in `unit` (ISO 4217), the usual one first."""
    return [
        name for name in settings.HUTONG_PROVIDERS if has_keys(name) and unit in _CURRENCIES.get(name, {unit})
    ]


def least(name: str, unit: str) -> Money:
    """The least that a provider takes in one payment; one minor unit where it names no more, and of an unknown one."""
    return Money(_CLASSES[name].least(unit) if name in _CLASSES else 1, unit)


def senders(unit: str) -> dict[str, str]:
    """Which provider sends money in `unit` (ISO 4217) to which kind of account, with the keys that are set."""
    found: dict[str, str] = {}
    for name in settings.HUTONG_PROVIDERS:
        if has_keys(name) and unit in _CURRENCIES.get(name, {unit}):
            try:
                client = provider(name)
            except ProviderRefused:
                continue  # its keys cannot be read, as the doctor says; payouts go by files meanwhile
            if isinstance(client, Transfers):
                found |= dict.fromkeys(client.transfers_to - found.keys(), name)
    return found


def least_sent(unit: str) -> dict[str, int]:
    """The least that may be sent at once in `unit` to each kind of account in `senders`, in minor units."""
    found = {kind: provider(name) for kind, name in senders(unit).items()}
    return {kind: each.least_transfer(unit) for kind, each in found.items() if isinstance(each, Transfers)}


def bill_zone(name: str) -> str:
    """The zone in which a provider counts the days of its bill."""
    return _BILL_ZONES.get(name, "UTC")


def provider_names() -> list[str]:
    """The providers whose money and bills concern us: those at checkout, and those that have payments here still."""
    return [
        name
        for name in _MAKERS
        if name in settings.HUTONG_PROVIDERS or Payment.objects.filter(provider=name).exists()
    ]


def _keys(name: str) -> Keys | None:
    if name == "sandbox":
        return {"url": settings.HUTONG_SANDBOX_URL, "secret": settings.HUTONG_SANDBOX_SECRET}
    keys: Keys | None = settings.HUTONG_PROVIDER_KEYS.get(name)
    return keys
