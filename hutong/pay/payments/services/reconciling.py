"""Our rows against the provider's own books."""

from datetime import datetime, timedelta

from hutong.pay.payments.providers.patience import calling
from hutong.pay.payments.providers.protocol import OpenBooks
from hutong.pay.payments.queries import book_differences
from hutong.pay.payments.types import Difference


def reconcile(*, provider: str, at: datetime, grace_s: int = 600) -> list[Difference]:
    """Fetch the provider's books and compare them, payment by payment. Never inside a transaction.

    A provider that shows no books at any moment has bills instead, and no differences here.
    What changed on either side within `grace_s` seconds before `at` is left out: its news is under way.
    Raises `ProviderUnavailable`, `OutcomeUnknown`, `ProviderRefused` (also where its keys cannot be read).
    """
    with calling(provider) as asked:
        if not isinstance(asked, OpenBooks):
            return []
        return book_differences(
            provider=provider, books=asked.fetch_books(), changed_before=at - timedelta(seconds=grace_s)
        )
