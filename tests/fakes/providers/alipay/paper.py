"""Alipay's bill of a day: a zip of two tables in GBK, with their names in GBK."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from tests.fakes.providers.books import BillRow

CHINA = ZoneInfo("Asia/Shanghai")
HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_BAR = "-" * 40


def yuan(fen: int) -> str:
    """Fen as Alipay writes money."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def line(row: BillRow) -> str:
    """A row of the table. Money that leaves the seller has a minus."""
    back = bool(row.refund_ref)
    amount = yuan(-row.amount if back else row.amount)
    at = f"{row.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    cells = [
        f"{row.provider_ref}\t",
        f"{row.ref}\t",
        "退款" if back else "交易",
        "团购券",
        at,
        at,
        *[""] * 4,
        "138****0000",
        amount,
        amount,
        *["0.00"] * 5,
        "",
        "0.00",
        "0.00",
        f"{row.refund_ref}\t" if back else "",
        yuan(-row.fee),
        "0.00",
        "",
    ]
    return ",".join(cells)


def table(on: date, lines: Sequence[str]) -> bytes:
    """The table of all trades, in GBK."""
    text = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        f"#起始日期：[{on:%Y年%m月%d日} 00:00:00]   终止日期：[{on:%Y年%m月%d日} 23:59:59]",
        f"#{_BAR}业务明细列表{_BAR}",
        HEAD,
        *lines,
        f"#{_BAR}业务明细列表结束{_BAR}",
        f"#合计：{len(lines)}笔",
    ]
    return ("\r\n".join(text) + "\r\n").encode("gb18030")


def archive(on: date, content: bytes) -> bytes:
    """The zip as it is fetched: a summary that is not asked for, and the table."""
    summary = (
        "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数,退款订单总笔数\r\n#业务汇总列表结束\r\n"
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in (("业务明细(汇总)", summary.encode("gbk")), ("业务明细", content)):
            # What an archive in GBK looks like to who expects code page 437, which is what Python writes here.
            entry = f"2088_{on:%Y%m%d}_{name}.csv".encode("gbk").decode("cp437")
            opened.writestr(entry, data)
    return written.getvalue()
