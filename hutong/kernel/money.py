"""Money as a whole number of minor units with its unit. There is no float and no Decimal anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.numbers import format_currency

MINUS = "−"
"""The sign before what people read; what programs read has a hyphen (`major_text`)."""

# ISO 4217: the currencies whose minor unit is not a hundredth. Everything else has two decimals.
EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(unit: str) -> int:
    """How many decimals the unit is written with: 0 for JPY and for points, 2 for EUR, 3 for KWD."""
    return 0 if unit.startswith("pts_") else EXPONENTS.get(unit, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, fen, yen) of one unit: an ISO 4217 code, or `pts_...` for points."""

    minor: int
    unit: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")

    def _same(self, other: "Money") -> None:
        if not isinstance(other, Money):
            raise TypeError(f"money goes with money, not with {other!r}")
        if other.unit != self.unit:
            raise ValueError(f"units never mix: {self.unit} and {other.unit}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.unit)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.unit)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.unit)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.unit)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return not self <= other

    def __ge__(self, other: "Money") -> bool:
        return not self < other

    def __bool__(self) -> bool:
        return self.minor != 0

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by `weights` (whole, none negative, not all zero); the parts sum exactly to the whole.

        Largest remainder: each part is off its exact share by less than one minor unit, and ties go to
        the earlier part, so the same split always gives the same answer.
        """
        sign = -1 if self.minor < 0 else 1
        return [Money(sign * part, self.unit) for part in split(abs(self.minor), weights)]

    def share(self, rate_ppm: int) -> "Money":
        """`rate_ppm` millionths of the amount, rounded half away from zero (10 % is 100_000)."""
        sign = -1 if self.minor * rate_ppm < 0 else 1
        return Money(sign * ((abs(self.minor * rate_ppm) + 500_000) // 1_000_000), self.unit)

    @property
    def major_text(self) -> str:
        """The amount as plain text in major units, such as `19.90`: for machines, not for people."""
        digits = exponent(self.unit)
        sign, whole = ("-" if self.minor < 0 else ""), abs(self.minor)
        if not digits:
            return f"{sign}{whole}"
        return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}d}"


def split(whole: int, weights: Sequence[int]) -> list[int]:
    """`Money.allocate` on minor units, none negative, for whoever tries many splits before one counts."""
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights are not negative and not all zero")
    parts = [whole * weight // total for weight in weights]
    left = whole - sum(parts)
    if left:
        # Sorting is stable: of equal remainders the earlier one comes first.
        by_remainder = sorted(range(len(weights)), key=lambda index: -(whole * weights[index] % total))
        for index in by_remainder[:left]:
            parts[index] += 1
    return parts


def above(amount: Money, *, hundredths: int) -> bool:
    """Whether an amount, whatever its sign, is more than so many hundredths of a whole unit of its currency.

    So one limit is good for all of them: 10,000 are 100.00 EUR, 100 JPY and 100.000 KWD.
    """
    return abs(amount.minor) * 100 > hundredths * int(10 ** exponent(amount.unit))


def format_money(money: Money, locale: str = "en") -> str:
    """The amount as people of `locale` (`en`, `zh-hans`) write it: `€19.90`, below nothing `−€19.90`."""
    return _for_people(money, locale, pattern=None)


def format_amount(money: Money, locale: str = "en") -> str:
    """As `format_money` without its currency, for a table that names that once: `1,990.00`."""
    return _for_people(money, locale, pattern="#,##0.00")


def _for_people(money: Money, locale: str, pattern: str | None) -> str:
    from decimal import Decimal  # Babel alone asks for it; no amount is ever computed in it.

    if money.unit.startswith("pts_"):
        text = f"{money.minor:,}"
    else:
        babel_locale = "zh_Hans_CN" if locale.lower().startswith("zh") else "en"
        text = format_currency(Decimal(money.major_text), money.unit, pattern, locale=babel_locale)
    # Babel's sign is a hyphen: as a minus it is too short, and lines break behind it.
    return text.replace("-", MINUS)
