"""Reads a day's bill: lines of `name,`value,...` behind backquotes, then two lines that sum them up."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hutong.kernel.money import Money
from hutong.pay.payments.types import Bill, BillLine, BrokenLine

# A bill's day is one of China's, wherever the merchant is.
CHINA = ZoneInfo("Asia/Shanghai")
_MADE_AFTER = timedelta(hours=34)
_YUAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,6}))?")
_TEXT_LIMIT = 2000
_SUMMARY = "总交易单数"
# A column of the lines, and the column of the summary that is its sum.
_SUMS = {"应结订单金额": "应结订单总金额", "退款金额": "退款总金额"}


def made_at(on: date) -> datetime:
    """From when on the bill of a day is there: ten in the morning of the next, in China."""
    return datetime.combine(on, time(), CHINA) + _MADE_AFTER


def read(body: bytes, *, mchid: str) -> Bill:
    """The bill in our words. A line that cannot be read is among the broken ones, and so is a wrong sum."""
    lines: list[BillLine] = []
    broken: list[BrokenLine] = []
    names: list[str] = []
    sums = dict.fromkeys(_SUMS, 0)
    summary: list[str] | None = None
    for number, raw in enumerate(body.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not raw.strip():
            continue
        text = raw.decode("utf-8", "replace").strip()
        try:
            raw.decode()
            if number == 1:
                names = text.split(",")
            elif text.startswith(_SUMMARY):
                summary = text.split(",")
            elif summary is not None:
                _check_sums(
                    dict(zip(summary, _values(text, summary), strict=True)), sums, complete=not broken
                )
            else:
                row = dict(zip(names, _values(text, names), strict=True))
                lines.append(_line(row, mchid))
                for name in _SUMS:
                    sums[name] += fen(row[name])
        except KeyError as error:
            broken.append(BrokenLine(number, text[:_TEXT_LIMIT], f"there is no column {error}"))
        except ValueError as error:
            broken.append(BrokenLine(number, text[:_TEXT_LIMIT], str(error)))
    if summary is None:
        broken.append(BrokenLine(0, "", "the file ends without its summary"))
    return Bill(tuple(lines), tuple(broken))


def fen(text: str, *, rounded: bool = False) -> int:
    """An amount in yuan (`19.90`) as fen. What is less than a fen is refused, or rounded half away from zero."""
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an amount")
    sign, whole, part = found.group(1), found.group(2), (found.group(3) or "").ljust(6, "0")
    minor, rest = int(whole) * 100 + int(part[:2]), int(part[2:])
    if rest and not rounded:
        raise ValueError(f"{text!r} has less than a fen in it")
    minor += rest >= 5000
    return -minor if sign else minor


def _values(text: str, names: Sequence[str]) -> list[str]:
    """The values of a line. The name of a thing sold may have commas; only before a backquote they part."""
    if not text.startswith("`"):
        raise ValueError("the line does not begin with a backquote")
    values = [value.strip() for value in text[1:].split(",`")]
    if len(values) != len(names):
        raise ValueError(f"{len(values)} values for {len(names)} columns")
    return values


def _line(row: dict[str, str], mchid: str) -> BillLine:
    if row["商户号"] != mchid:
        raise ValueError("another merchant's")
    unit, state = row["货币种类"], row["交易状态"]
    if not re.fullmatch(r"[A-Z]{3}", unit):
        raise ValueError(f"{unit!r} is not a currency")
    came = state == "SUCCESS"
    if not came and state not in ("REFUND", "REVOKED"):
        raise ValueError(f"{state!r} is neither a payment nor a refund")
    amount = fen(row["应结订单金额"] if came else row["退款金额"])
    if amount <= 0:
        raise ValueError("an amount that is not above 0")
    # A refund that somebody made in the merchant platform has a number of WeChat Pay's alone.
    refund_ref = "" if came else (_named(row["商户退款单号"]) or _named(row["微信退款单号"]))
    if not came and not refund_ref:
        raise ValueError("a refund without a number")
    at = datetime.strptime(row["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    return BillLine(
        payment_ref=row["商户订单号"],
        refund_ref=refund_ref,
        provider_ref=row["微信订单号"] if came else _named(row["微信退款单号"]),
        amount=Money(amount, unit),
        fee=Money(fen(row["手续费"], rounded=True), unit),
        status=state if came else (row["退款状态"] or state),
        at=at,
    )


def _named(text: str) -> str:
    """A number that may be missing; the bill writes 0 then."""
    return "" if text == "0" else text


def _check_sums(summary: dict[str, str], sums: dict[str, int], *, complete: bool) -> None:
    for name, total in _SUMS.items():
        # Where lines are broken, the sum cannot fit, and they are shown themselves.
        if complete and fen(summary[total]) != sums[name]:
            raise ValueError(
                f"{total} is {summary[total]}, but the lines have {Money(sums[name], 'CNY').major_text}"
            )
