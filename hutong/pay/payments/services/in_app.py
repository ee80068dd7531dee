"""Paying on our page inside a provider's app (WeChat): who its person is, and what the page hands to the app."""

from datetime import datetime

from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.providers.protocol import InApp
from hutong.pay.payments.providers.registry import ProviderNotFound, has_keys
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.types import PaymentView


def app_of(*, provider: str) -> str:
    """The name under which the provider's app knows this site; "" where nobody pays inside an app with it."""
    if not has_keys(provider):
        return ""
    try:
        found = provider_called(provider)
    except ProviderRefused:
        return ""  # keys that cannot be read: the payment itself says so
    return found.app if isinstance(found, InApp) else ""


def sign_in_page(*, provider: str, back: str, state: str) -> str:
    """Where a browser inside the app is sent; it comes `back` with a code and `state`. No call is made."""
    return _in_app(provider).sign_in_page(back=back, state=state)


def signed_in(*, provider: str, code: str) -> str:
    """Who brought this code, known to one app alone. Never inside a transaction.

    Raises `ProviderRefused`, `ProviderUnavailable`; a code counts once.
    """
    return _in_app(provider).signed_in(code=code)


def bridge(*, payment: PaymentView, at: datetime) -> dict[str, str]:
    """What our page hands to the app to pay `payment`, which is `in_app`, signed at `at`. No call is made."""
    return _in_app(payment.provider).bridge(payment.redirect_url, at=at)


def _in_app(name: str) -> InApp:
    found = provider_called(name)
    if not isinstance(found, InApp):
        raise ProviderNotFound
    return found
