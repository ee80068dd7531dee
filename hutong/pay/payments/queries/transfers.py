"""What providers were asked to send to merchants."""

from collections.abc import Iterable

from django.db.models import Sum

from hutong.kernel.money import Money
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.types import TransferState, TransferView


def transfers(refs: Iterable[str]) -> dict[str, TransferView]:
    """The transfers of these payouts, by payout; those that none was asked for are left out."""
    return {row.ref: transfer_view(row) for row in Transfer.objects.filter(ref__in=list(refs))}


def transferred_totals() -> dict[tuple[str, str], int]:
    """What each provider sent in all, by provider and unit, in minor units."""
    sent = Transfer.objects.filter(state=TransferState.DONE.value).values_list("provider", "unit")
    return {(provider, unit): total for provider, unit, total in sent.annotate(total=Sum("amount"))}


def transfer_view(row: Transfer) -> TransferView:
    """A row as the value that crosses the boundary."""
    return TransferView(
        ref=row.ref,
        provider=row.provider,
        amount=Money(row.amount, row.unit),
        state=TransferState(row.state),
        reason=row.reason,
        tries=row.tries,
    )
