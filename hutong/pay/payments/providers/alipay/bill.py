"""Reads Alipay's bill of a day: a zip of tables in GBK, of which one lists every payment and refund."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator

from hutong.kernel.money import Money
from hutong.pay.payments.providers.alipay import words
from hutong.pay.payments.providers.errors import OutcomeUnknown
from hutong.pay.payments.types import Bill, BillLine, BrokenLine

SIZE_LIMIT = 256 * 1024 * 1024
_ENCODING = "gb18030"  # GBK, and what was added to it since
_TRADE, _OURS, _KIND, _ENDED = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
_RECEIVED, _REFUND, _FEE = "商家实收（元）", "退款批次号/请求号", "服务费（元）"
_COLUMNS = {_TRADE, _OURS, _KIND, _ENDED, _RECEIVED, _REFUND, _FEE}
_PAID, _SENT_BACK = "交易", "退款"
_END = "#"
_TEXT_LIMIT = 1000


def read(archive: bytes) -> Bill:
    """The bill in the zip. Lines that cannot be read are among the broken ones, and so is an end that is missing.

    Raises `OutcomeUnknown` where there is no table at all: the file may be better when it is fetched again.
    """
    for text in _files(archive):
        lines = text.splitlines(keepends=False)
        head = next((number for number, line in enumerate(lines) if _is_head(line)), None)
        if head is not None:
            return _table(lines, head)
    raise OutcomeUnknown(reason="the bill has no table of trades")


def _files(archive: bytes) -> Iterator[bytes]:
    # The names of the files are in GBK, too, and say nothing that the first lines do not say better.
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if sum(entry.file_size for entry in opened.infolist()) > SIZE_LIMIT:
                raise OutcomeUnknown(reason=f"the bill unpacks to more than {SIZE_LIMIT} bytes")
            for entry in opened.infolist():
                yield opened.read(entry)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise OutcomeUnknown(reason="the bill is no zip that can be read") from error


def _is_head(line: bytes) -> bool:
    return set(_cells(line.decode(_ENCODING, "replace"))) >= _COLUMNS


def _table(lines: list[bytes], head: int) -> Bill:
    names = _cells(lines[head].decode(_ENCODING))
    found: list[BillLine] = []
    broken: list[BrokenLine] = []
    for number, line in enumerate(lines[head + 1 :], start=head + 2):
        text = line.decode(_ENCODING, "replace")
        if text.startswith(_END):
            return Bill(tuple(found), tuple(broken))
        if not text.strip():
            continue
        try:
            found.append(_line(names, line.decode(_ENCODING)))
        except (ValueError, csv.Error) as error:
            broken.append(BrokenLine(number, text[:_TEXT_LIMIT], str(error)[:200]))
    broken.append(BrokenLine(len(lines) + 1, "", "the table does not end: lines may be missing"))
    return Bill(tuple(found), tuple(broken))


def _line(names: list[str], text: str) -> BillLine:
    cells = _cells(text)
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} cells, not {len(names)}")
    row = dict(zip(names, cells, strict=True))
    kind = row[_KIND]
    if kind not in (_PAID, _SENT_BACK):
        raise ValueError(f"neither a payment nor a refund: {kind!r}")
    back = kind == _SENT_BACK
    if back and not row[_REFUND]:
        raise ValueError("a refund that does not say which")
    # Money that leaves the seller is written with a minus: of a refund the amount, of a payment the fee.
    amount = words.amount(row[_RECEIVED])
    amount = -amount if back else amount
    if amount.minor <= 0:
        raise ValueError(f"an amount of the wrong sign: {row[_RECEIVED]!r}")
    return BillLine(
        payment_ref=row[_OURS],
        refund_ref=row[_REFUND] if back else "",
        provider_ref=row[_TRADE],
        amount=amount,
        fee=-words.amount(row[_FEE]) if row[_FEE] else Money(0, words.UNIT),
        status=kind,
        at=words.moment(row[_ENDED]),
    )


def _cells(text: str) -> list[str]:
    # A tab behind a number keeps spreadsheets from rounding it.
    return [cell.strip() for cell in next(csv.reader([text]), [])]
