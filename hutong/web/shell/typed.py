"""Amounts and percentages as people type them, read by digits and never through a float."""

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from hutong.kernel.money import Money, exponent

MOST_MINOR = 10**9
_BLANKS = re.compile(r"[\s\u2019']")
_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,4}))?%?", re.ASCII)


def digits_of(text: str) -> str:
    """What was typed without blanks, in plain digits whatever the keyboard wrote."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def minor_units(text: str, unit: str) -> int | None:
    """The minor units of an amount such as `12,90`; None for nothing typed. Raises ValidationError with an example."""
    typed = digits_of(text)
    if not typed:
        return None
    digits = exponent(unit)
    pattern = rf"(\d{{1,12}})(?:[.,](\d{{1,{digits}}}))?" if digits else r"(\d{1,12})()"
    match = re.fullmatch(pattern, typed, re.ASCII)
    if match is None:
        example = Money(1990 if digits < 3 else 19900, unit).major_text
        raise forms.ValidationError(_("Write an amount such as %(example)s.") % {"example": example})
    return int(match[1] + (match[2] or "").ljust(digits, "0"))


class PercentField(forms.CharField):
    """A percentage as it is typed, such as `8,5`; millionths come out, or None for nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=12, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> int | None:
        """Up to four decimals. Raises ValidationError with an example, and above 100 %."""
        text = digits_of(super().clean(value) or "")
        if not text:
            return None
        match = _PERCENT.fullmatch(text)
        if match is None:
            raise forms.ValidationError(_("Write a percentage such as %(example)s.") % {"example": "8.5"})
        ppm = int(match[1] + (match[2] or "").ljust(4, "0"))
        if ppm > 1_000_000:
            raise forms.ValidationError(_("A percentage lies between 0 and 100."))
        return ppm


def percent(ppm: int) -> str:
    """Millionths as people read them: `8.5%`."""
    return _("%(number)s%%") % {"number": typed_percent(ppm)}


def typed_percent(ppm: int) -> str:
    """Millionths as somebody would type them: `8.5` for 85,000."""
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)
