"""The guard against guessing: wrong codes are counted by actor, merchant and address."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.visit.vouchers import rules
from hutong.visit.vouchers.models import Redemption
from hutong.visit.vouchers.services.errors import VoucherUnknown

_PROVEN_FOR = timedelta(days=30)
_NO_LIMIT = 2**31 - 1  # what may still be tried is decided by `rules.may_try`, from all three counts together


@contextmanager
def guessing_stopped(*, actor_ref: str, merchant_ref: str, address: str, at: datetime) -> Iterator[None]:
    """Put it around the transaction that redeems, never inside one: a rollback would forget the failure.

    Raises `TooMany` when too many wrong codes were tried (`rules.may_try` says how many and by whom), before
    the code is looked at, so that a right guess is not answered either. A `VoucherUnknown` that passes
    through is counted for the actor, its merchant and its address; nothing else costs anything, and a
    redemption that succeeds costs one statement. Tries that run at the same moment are let in together: as
    many as there are web threads may pass the last count.
    """
    own, merchant, place = f"voucher:{actor_ref}", f"voucher:{merchant_ref}", f"voucher:at:{address}"
    counts = budget.spent([own, merchant, place], window_s=rules.FAILURE_WINDOW_S, at=at)
    if not _may_try(counts[own][0], counts[merchant][0], counts[place][0], actor_ref, at):
        raise TooMany(retry_after_s=max(wait_s for _spent, wait_s in counts.values()))
    try:
        yield
    except VoucherUnknown:
        for key in (own, merchant, place):
            budget.spend(key, limit=_NO_LIMIT, window_s=rules.FAILURE_WINDOW_S, at=at)
        raise


def _may_try(own: int, merchant: int, address: int, actor_ref: str, at: datetime) -> bool:
    if rules.may_try(own=own, merchant=merchant, address=address, proven=False):
        return True
    # Only now it is worth asking whether this actor is an honest one among guessers.
    return rules.may_try(own=own, merchant=merchant, address=address, proven=_proven(actor_ref, at))


def _proven(actor_ref: str, at: datetime) -> bool:
    """Whether this device or person redeemed something lately that stands."""
    return Redemption.objects.filter(
        actor_ref=actor_ref, at__gt=at - _PROVEN_FOR, undone_at__isnull=True
    ).exists()
