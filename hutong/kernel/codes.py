"""Codes that people type, read out and copy from paper: hard to mistake, with a check symbol. Pure."""

import unicodedata
from collections.abc import Sequence

# 31 symbols that are not mistaken for each other: no 0 or o, no 1, i or l. 31 is prime, see `check_sum`.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 16
GROUP = 4
QR_PREFIX = "HUTONG:"

# What people write for a symbol they misread. The alphabet has none of the keys.
_LOOKALIKES = {"0": "QDC", "O": "QDC", "1": "JT7", "I": "JT7", "L": "JT7"}


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

    In the text of a QR it stands behind the prefix, up to the next colon; what follows is for scanners without a
    network. Forgives case, full-width letters, spaces and punctuation, and the QR's prefix. One symbol outside the
    alphabet (0, O, 1, I, L) is forgiven when the check symbol says which of its look-alikes was meant.
    """
    text = unicodedata.normalize("NFKC", written[:200]).upper().strip()
    if text.startswith(QR_PREFIX):
        text = text.removeprefix(QR_PREFIX).partition(":")[0]
    symbols = [symbol for symbol in text if symbol.isalnum()]
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
