"""The simulator's bill: a line for each payment and refund, every value behind a backquote, a summary at the end."""

from __future__ import annotations

from collections.abc import Sequence

from tests.fakes.providers.books import BillRow
from tests.fakes.providers.wechat.keys import Account
from tests.fakes.providers.wechat.words import CHINA

NAMES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
).split(",")
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额".split(",")
)


def yuan(fen: int, *, digits: int = 2) -> str:
    """An amount as the bill has it; fees have five digits."""
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{whole // 100}.{whole % 100:02d}".ljust(
        len(sign) + len(str(whole // 100)) + 1 + digits, "0"
    )


def line(row: BillRow, account: Account, *, goods: str = "Two coffees, one cake") -> str:
    """One line. The name of what was sold has a comma, as names have."""
    came = not row.refund_ref
    amount, back = (row.amount, 0) if came else (0, row.amount)
    values = {
        "交易时间": f"{row.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        "公众账号ID": account.appid,
        "商户号": account.mchid,
        "特约商户号": "0",
        "微信订单号": row.provider_ref,
        "商户订单号": row.ref,
        "用户标识": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "交易类型": "NATIVE",
        "交易状态": "SUCCESS" if came else "REFUND",
        "付款银行": "OTHERS",
        "货币种类": row.unit,
        "应结订单金额": yuan(amount),
        "代金券金额": "0.00",
        "微信退款单号": "0" if came else f"5{row.provider_ref}",
        "商户退款单号": row.refund_ref or "0",
        "退款金额": yuan(back),
        "充值券退款金额": "0.00",
        "退款类型": "" if came else "ORIGINAL",
        "退款状态": "" if came else "SUCCESS",
        "商品名称": goods,
        "手续费": yuan(row.fee, digits=5),
        "费率": "0.60%",
        "订单金额": yuan(amount),
        "申请退款金额": yuan(back),
    }
    return ",".join(f"`{values.get(name, '')}" for name in NAMES)


def statement(rows: Sequence[BillRow], account: Account) -> bytes:
    """The whole file, with the mark at its beginning and the line ends that the real one has."""
    came = sum(row.amount for row in rows if not row.refund_ref)
    back = sum(row.amount for row in rows if row.refund_ref)
    fees = yuan(sum(row.fee for row in rows), digits=5)
    summed = [str(len(rows)), yuan(came), yuan(back), "0.00", fees, yuan(came), yuan(back)]
    lines = [",".join(NAMES), *(line(row, account) for row in rows)]
    lines += [",".join(SUMMARY), ",".join(f"`{value}" for value in summed)]
    return b"\xef\xbb\xbf" + "".join(f"{text}\r\n" for text in lines).encode()
