"""Which providers there are. A new one is a folder beside this file and a line in `_MAKERS`."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import NotFound
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.providers.sandbox.client import SandboxProvider

TIMEOUT_S = 10.0


class ProviderNotFound(NotFound):
    """No provider of that name is configured."""

    code = "provider_not_found"
    message = _("There is no such payment service.")


@lru_cache(maxsize=8)
def _sandbox(url: str, secret: str, timeout_s: float) -> Provider:
    return SandboxProvider(url=url, secret=secret, timeout_s=timeout_s)


_MAKERS: dict[str, Callable[[], Provider]] = {
    "sandbox": lambda: _sandbox(
        settings.HUTONG_SANDBOX_URL,
        settings.HUTONG_SANDBOX_SECRET,
        getattr(settings, "HUTONG_PAYMENT_TIMEOUT_S", TIMEOUT_S),
    ),
}


_BILL_ZONES = {"wechat": "Asia/Shanghai", "alipay": "Asia/Shanghai"}


def provider(name: str) -> Provider:
    """The provider called `name`; one client (and its open connections) for each configuration."""
    if name not in _MAKERS:
        raise ProviderNotFound
    return _MAKERS[name]()


def bill_zone(name: str) -> str:
    """The zone in which a provider counts the days of its bill."""
    return _BILL_ZONES.get(name, "UTC")


def provider_names() -> list[str]:
    """The names a payment can be made with."""
    return list(_MAKERS)
