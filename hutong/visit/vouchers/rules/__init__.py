"""Pure decisions of vouchers: transitions, budgets of wrong tries; `terms` has what their terms allow."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hutong.visit.vouchers.types import Terms, UseState, VoucherState

DEFAULT_TERMS = Terms(valid_days=90, uses=1)

UNDO_WINDOW = timedelta(minutes=15)
UNDO_CYCLES = 10

# Wrong codes in one window. See `may_try`.
FAILURE_WINDOW_S = 900
OWN_TRIES = 8
SHARED_TRIES = 20
NEWCOMER_TRIES = 30
PROVEN_TRIES = 3

# Questions by phone number: how long one waits for its answer, how long one that came to nothing is kept, and how many
# may be asked in a window of `FAILURE_WINDOW_S` by a device, by a merchant or an address, of one number, and of one
# number by one merchant. A question costs the same whether or not somebody has the number.
REQUEST_LASTS = timedelta(minutes=5)
REQUEST_KEPT = timedelta(days=30)
REQUESTS_OWN = 20
REQUESTS_SHARED = 60
REQUESTS_TO_ONE = 10
REQUESTS_TO_ONE_BY_ONE = 4


def state_at(state: VoucherState, *, valid_until: datetime, at: datetime) -> VoucherState:
    """The state as it is at `at`: time ends a ready voucher before the janitor writes it down."""
    if state is VoucherState.READY and at >= valid_until:
        return VoucherState.EXPIRED
    return state


def state_of_uses(uses: Sequence[UseState], *, expired: bool) -> VoucherState:
    """The state a voucher has by its uses: one ready use keeps it alive, unless its time is over."""
    if UseState.READY in uses:
        return VoucherState.EXPIRED if expired else VoucherState.READY
    return VoucherState.USED if UseState.USED in uses else VoucherState.REFUNDED


def may_try(*, own: int, merchant: int, address: int, proven: bool) -> bool:
    """Whether an actor may try a code after so many wrong codes in the window.

    `own`, `merchant` and `address` count the failures of the actor, of all actors of its merchant and of all
    at its address. Guessing stops at each of the three; but who guesses must not lock out the honest:
    - nobody may after 8 failures of its own;
    - up to 20 failures around it anybody else may;
    - up to 30 only an actor without any failure of its own, for example a scanner just unpacked;
    - beyond that only a proven one (it redeemed lately) with fewer than 3 failures of its own.
    """
    if own >= OWN_TRIES:
        return False
    around = max(merchant, address)
    if around < SHARED_TRIES or (own == 0 and around < NEWCOMER_TRIES):
        return True
    return proven and own < PROVEN_TRIES
