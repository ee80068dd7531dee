"""Pure decisions of vouchers: the typed code, validity, transitions, budgets of wrong tries."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hutong.visit.vouchers.types import Terms, UseState, VoucherState

DEFAULT_TERMS = Terms(valid_days=90, uses=1)

# 31 symbols that are not mistaken for each other: no 0 or o, no 1, i or l. 31 is prime, see `check_sum`.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 16
GROUP = 4
QR_PREFIX = "HUTONG:"

# What people write for a symbol they misread. The alphabet has none of the keys.
_LOOKALIKES = {"0": "QDC", "O": "QDC", "1": "JT7", "I": "JT7", "L": "JT7"}

UNDO_WINDOW = timedelta(minutes=15)
UNDO_CYCLES = 10

# Wrong codes in one window. See `may_try`.
FAILURE_WINDOW_S = 900
OWN_TRIES = 8
SHARED_TRIES = 20
NEWCOMER_TRIES = 30
PROVEN_TRIES = 3


def check_sum(values: Sequence[int]) -> int:
    """The weighted sum of 16 symbol values modulo 31; 0 for a valid code.

    Weights run 16, 15, ... 1, as in ISBN-10. The modulus is prime and no weight is a multiple of it, so one
    wrong symbol always changes the sum; two weights never agree, so swapping two different symbols does too.
    """
    return sum(weight * value for weight, value in zip(range(CODE_LENGTH, 0, -1), values, strict=True)) % 31


def code_from_digest(digest: bytes) -> str:
    """The code a digest stands for: 15 symbols from its value modulo 31^15, then the check symbol."""
    number = int.from_bytes(digest, "big") % 31 ** (CODE_LENGTH - 1)
    values = []
    for _ in range(CODE_LENGTH - 1):
        number, value = divmod(number, 31)
        values.append(value)
    # The last weight is 1, so the check symbol is what the rest lacks to a multiple of 31.
    values.append(-check_sum([*values, 0]) % 31)
    return "".join(ALPHABET[value] for value in values)


def group(code: str) -> str:
    """A code as it is shown and read out: `ABCD-EFGH-JKMN-PQRS`."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def parse_code(written: str) -> str | None:
    """The code in what somebody typed or a scanner read; None when it cannot be one.

    Forgives case, full-width letters, spaces and punctuation, and the QR's prefix. One symbol outside the
    alphabet (0, O, 1, I, L) is forgiven when the check symbol says which of its look-alikes was meant.
    """
    text = unicodedata.normalize("NFKC", written[:200]).upper().strip()
    symbols = [symbol for symbol in text.removeprefix(QR_PREFIX) if symbol.isalnum()]
    if len(symbols) != CODE_LENGTH:
        return None
    strange = [index for index, symbol in enumerate(symbols) if symbol not in ALPHABET]
    if len(strange) > 1 or any(symbols[index] not in _LOOKALIKES for index in strange):
        return None
    candidates = [symbols]
    for index in strange:
        candidates = [
            [*symbols[:index], meant, *symbols[index + 1 :]] for meant in _LOOKALIKES[symbols[index]]
        ]
    valid = [code for code in candidates if check_sum([ALPHABET.index(symbol) for symbol in code]) == 0]
    return "".join(valid[0]) if len(valid) == 1 else None


def valid_until(at: datetime, *, days: int, zone: str) -> datetime:
    """When a voucher sold at `at` ends: the midnight after its last day, on the wall clock of the zone."""
    tz = ZoneInfo(zone)
    last_on = at.astimezone(tz).date() + timedelta(days=days)
    return datetime.combine(last_on + timedelta(days=1), time.min, tz)


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
