"""Alipay's gateway: signed calls and answers, pages a shopper opens, notifications as forms.

A trade exists from the moment the shopper opens it, as at Alipay itself: before, there is a promise, and queries
say ACQ.TRADE_NOT_EXIST.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.providers.alipay.keys import Keys, joined
from tests.fakes.providers.alipay.paper import CHINA, archive, line, table, yuan
from tests.fakes.providers.alipay.transfers import Transfers
from tests.fakes.providers.books import Back, BackState, Books, Refused, Trade, TradeState
from tests.fakes.providers.server import BACKOFF_S, Answer, Call, Notice, Simulator

PAGES = ("alipay.trade.page.pay", "alipay.trade.wap.pay")
CALLS = {
    "alipay.trade.precreate": "start",
    "alipay.trade.query": "query",
    "alipay.trade.close": "close",
    "alipay.trade.refund": "refund",
    "alipay.trade.fastpay.refund.query": "query_refund",
    "alipay.fund.trans.uni.transfer": "transfer",
    "alipay.fund.trans.common.query": "query_transfer",
    "alipay.data.dataservice.bill.downloadurl.query": "bill",
}
_JSON = {"content-type": "application/json;charset=utf-8"}
_SAID = {
    "absent": ("ACQ.TRADE_NOT_EXIST", "交易不存在"),
    "ref_used": ("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
    "back_used": ("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"),
    "paid": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
    "not_open": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
    "not_paid": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
    "too_much": ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
    "had": ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
    "over": ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
    "no_bill": ("isp.bill_not_exist", "账单不存在"),
    "no_transfer": ("ORDER_NOT_EXIST", "转账订单不存在"),
    "transfer_used": ("PAYMENT_INFO_INCONSISTENCY", "两次请求商户单号一样，但是参数不一致"),
    "no_payee": ("PAYEE_NOT_EXIST", "收款账号不存在"),
    "wrong_name": ("PAYEE_USER_INFO_ERROR", "支付宝账号和姓名不匹配，请确认姓名是否正确"),
    "small": ("EXCEED_LIMIT_SM_MIN_AMOUNT", "单笔最低转账金额0.1元"),
    "too_little": ("PAYER_BALANCE_NOT_ENOUGH", "付款方余额不足"),
    "no_right": ("isv.insufficient-isv-permissions", "ISV权限不足，建议在开发者中心检查对应功能是否已经添加"),
    "no_certificate": ("isv.missing-app-cert-sn", "缺少应用证书SN参数"),
    "junk": ("ACQ.INVALID_PARAMETER", "参数无效"),
}


@dataclass(frozen=True)
class Promise:
    """What a start asked for, before the shopper opened it."""

    amount: int
    expires_at: datetime | None
    notify_url: str
    return_url: str


class AlipaySimulator(Simulator):
    """Alipay for one application of one seller."""

    name = "alipay"

    def __init__(
        self,
        *,
        keys: Keys,
        app_id: str = "2021000000000001",
        seller_id: str = "2088000000000001",
        seed: int = 0,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        super().__init__(books=Books(prefix="2088"), seed=seed, backoff_s=backoff_s)
        self.keys = keys
        self.app_id, self.seller_id = app_id, seller_id
        self.promises: dict[str, Promise] = {}
        self.no_bill_for: set[date] = set()
        self.transfers = Transfers(self.books)
        self.may_transfer = True
        """Whether the application has the product that sends money."""
        self.certificates: dict[str, str] = {}
        """Their numbers, which calls that send money have to name."""
        self.planted_lines: list[str] = []
        """Lines of the bill that no trade stands behind, such as broken ones."""

    def named(self, call: Call) -> tuple[str, str]:
        """See `Simulator.named`."""
        fields = _fields(call)
        content = _content(fields)
        names = ("out_request_no", "out_trade_no", "out_biz_no")
        ref = next((content[name] for name in names if content.get(name)), "")
        return CALLS.get(fields.get("method", ""), ""), str(ref)

    def handle(self, call: Call) -> Answer:
        """See `Simulator.handle`."""
        if call.path.startswith("/bill/"):
            return self._file(date.fromisoformat(call.path.rsplit("/", 1)[-1]))
        fields = _fields(call)
        method = fields.get("method", "")
        signature = fields.pop("sign", "")
        if fields.get("app_id") != self.app_id:
            return self._unsigned(method, "isv.invalid-app-id", "无效的AppID参数")
        if fields.get("sign_type") != "RSA2":
            return self._unsigned(method, "isv.invalid-signature-type", "无效的签名类型")
        present = {name: value for name, value in fields.items() if value}
        if not self.keys.merchant.has_signed(joined(present), signature):
            return self._unsigned(method, "isv.invalid-signature", "验签出错")
        content = _content(fields)
        if method in PAGES:
            self._promise(fields, content)
            self.open(content["out_trade_no"])
            return Answer(302, headers={"location": self.page_url(content["out_trade_no"])})
        if method not in CALLS:
            return self._unsigned(method, "isv.invalid-method", "不存在的方法名")
        try:
            said = getattr(self, f"_{CALLS[method]}")(fields, content)
        except Refused as error:
            word, text = _SAID[error.why]
            return self.signed(
                method, {"code": "40004", "msg": "Business Failed", "sub_code": word, "sub_msg": text}
            )
        except (KeyError, ValueError):
            word, text = _SAID["junk"]
            return self.signed(
                method, {"code": "40004", "msg": "Business Failed", "sub_code": word, "sub_msg": text}
            )
        return self.signed(method, {"code": "10000", "msg": "Success", **said})

    def signed(self, method: str, said: dict[str, Any]) -> Answer:
        """An answer. Its text, with its slashes escaped and its own order and spaces, is what is signed."""
        raw = json.dumps(said, ensure_ascii=False, separators=(",", ": ")).replace("/", "\\/")
        body = f'{{"{method.replace(".", "_")}_response":{raw},"sign":"{self.keys.alipay.sign(raw)}"}}'
        return Answer(200, body.encode(), _JSON)

    def broken(self) -> Answer:
        """See `Simulator.broken`."""
        return Answer(502, b"<html><head><title>502 Bad Gateway</title></head></html>")

    def accepted(self, status: int, body: bytes) -> bool:
        """Alipay takes the seven letters and nothing else."""
        return status == 200 and body == b"success"

    def open(self, ref: str) -> Trade:
        """As if the shopper had opened the page or scanned the code: now there is a trade."""
        promised = self.promises[ref]
        return self.books.open(
            ref,
            amount=promised.amount,
            unit="CNY",
            expires_at=promised.expires_at,
            notify_url=promised.notify_url,
            return_url=promised.return_url,
        )

    def pay(self, ref: str, *, amount: int | None = None, unit: str = "", late: bool = False) -> None:
        """See `Simulator.pay`; who pays has opened the page before."""
        self.open(ref)
        super().pay(ref, amount=amount, unit=unit, late=late)

    def decline(self, ref: str) -> None:
        """Alipay has no word for it: the trade waits, and the shopper may take another card. Nothing is told."""
        self.open(ref)

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`; the page of a promise opens it."""
        ref = call.path.rsplit("/", 1)[-1]
        if call.path.startswith("/simulator/"):
            if ref not in self.promises:
                return Answer(404, b"no such payment")
            self.open(ref)
        return super().answer(call)

    def notify(self, ref: str) -> None:
        """See `Simulator.notify`. All copies of a notification are the same to the letter."""
        back = self.books.backs.get(ref)
        trade = self.books.trade(back.trade_ref if back else ref)
        made = self.notification(trade, back)
        self.send(Notice(ref, str(trade.data.get("notify_url") or ""), lambda: made))

    def notification(
        self, trade: Trade, back: Back | None = None, **changed: str
    ) -> tuple[dict[str, str], bytes]:
        """A notification about a trade or a refund, signed; `changed` fields are signed as they are given."""
        now = self.books.now()
        fields = {
            "app_id": self.app_id,
            "auth_app_id": self.app_id,
            "buyer_id": "2088102122524333",
            "charset": "utf-8",
            "notify_id": self.books.new_ref("N"),
            "notify_time": _china(now),
            "notify_type": "trade_status_sync",
            "seller_id": self.seller_id,
            "subject": "团购券",
            "version": "1.0",
            **self._facts(trade),
        }
        fields["gmt_create"] = _china(trade.created_at)
        if trade.paid_at:
            fields["gmt_payment"] = _china(trade.paid_at)
        if back:
            fields["out_biz_no"] = back.ref
            fields["gmt_refund"] = f"{_china(back.ended_at or now)}.120"
            fields["refund_fee"] = yuan(trade.sent_back)
        fields |= changed
        sent = {**fields, "sign_type": "RSA2", "sign": self.keys.alipay.sign(joined(fields))}
        return {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(sent).encode()

    def _facts(self, trade: Trade) -> dict[str, str]:
        status = {
            TradeState.OPEN: "WAIT_BUYER_PAY",
            TradeState.PAID: "TRADE_SUCCESS",
            TradeState.FAILED: "WAIT_BUYER_PAY",
            TradeState.CLOSED: "TRADE_CLOSED",
        }[trade.state]
        if trade.state is TradeState.PAID and trade.sent_back == trade.paid:
            status = "TRADE_CLOSED"  # what Alipay calls a trade that was paid back in full
        total = trade.paid if trade.paid_at else trade.amount
        return {
            "out_trade_no": trade.ref,
            "trade_no": trade.provider_ref,
            "trade_status": status,
            "total_amount": yuan(total),
        }

    def _promise(self, fields: dict[str, str], content: dict[str, Any]) -> None:
        with self.books.lock:
            ref = str(content["out_trade_no"])
            asked = Promise(
                _fen(content["total_amount"]),
                _moment(content["time_expire"]) if content.get("time_expire") else None,
                fields.get("notify_url", ""),
                fields.get("return_url", ""),
            )
            made = self.books.trades.get(ref)
            if made is None:
                self.promises[ref] = asked
                return
            if made.amount != asked.amount:
                raise Refused("ref_used")
            if self.books.trade(ref).state is not TradeState.OPEN:
                raise Refused("had" if made.state is TradeState.PAID else "over")

    def _start(self, fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        self._promise(fields, content)
        ref = content["out_trade_no"]
        return {"out_trade_no": ref, "qr_code": self.page_url(ref)}

    def _query(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        trade = self.books.trade(content.get("out_trade_no") or content["trade_no"])
        said: dict[str, Any] = {"buyer_logon_id": "138****0000", **self._facts(trade)}
        if trade.paid_at:
            said["send_pay_date"] = _china(trade.paid_at)
            said["fund_bill_list"] = [{"amount": said["total_amount"], "fund_channel": "ALIPAYACCOUNT"}]
        return said

    def _close(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        with self.books.lock:
            trade = self.books.trade(content.get("out_trade_no") or content["trade_no"])
            if trade.state is not TradeState.OPEN:
                raise Refused("not_open")
            self.books.close(trade.ref)
        return {"out_trade_no": trade.ref, "trade_no": trade.provider_ref}

    def _refund(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        with self.books.lock:
            trade = self.books.trade(content.get("out_trade_no") or content["trade_no"])
            ref, amount = content["out_request_no"], _fen(content["refund_amount"])
            known = self.books.backs.get(ref)
            if known and (known.amount, known.trade_ref) != (amount, trade.ref):
                raise Refused("back_used")
            pending = self.faults.take("refund_pending", call="refund", ref=ref) is not None
            back = self.books.refund(
                ref, trade_ref=trade.ref, amount=amount, unit=trade.paid_unit or "CNY", pending=pending
            )
            moved = known is None and back.state is BackState.DONE
            said = {"fund_change": "Y" if moved else "N", "refund_fee": yuan(trade.sent_back)}
        if moved:
            self.notify(ref)
        return {"out_trade_no": trade.ref, "trade_no": trade.provider_ref, **said}

    def _query_refund(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        trade = self.books.trade(content.get("trade_no") or content["out_trade_no"])
        back = self.books.backs.get(content["out_request_no"])
        if back is None or back.trade_ref != trade.ref:
            return {}
        said = {
            "out_trade_no": trade.ref,
            "trade_no": trade.provider_ref,
            "out_request_no": back.ref,
            "refund_amount": yuan(back.amount),
            "total_amount": yuan(trade.paid),
        }
        if back.state is not BackState.PENDING:
            said["refund_status"] = "REFUND_SUCCESS" if back.state is BackState.DONE else "REFUND_FAIL"
        return said

    def _transfer(self, fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        if not self.certificates or self.certificates.items() - fields.items():
            raise Refused("no_certificate")
        self._want_right()
        return self.transfers.send(content)

    def _query_transfer(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        self._want_right()
        return self.transfers.said(content["out_biz_no"])

    def _want_right(self) -> None:
        if not self.may_transfer:
            raise Refused("no_right")

    def _bill(self, _fields: dict[str, str], content: dict[str, Any]) -> dict[str, Any]:
        on = date.fromisoformat(content["bill_date"])
        if on in self.no_bill_for:
            raise Refused("no_bill")
        return {"bill_download_url": f"{self.url}/bill/{on}"}

    def _file(self, on: date) -> Answer:
        lines = [line(row) for row in self.books.bill(on, zone=CHINA)]
        return Answer(200, archive(on, table(on, [*lines, *self.planted_lines])))

    def _unsigned(self, method: str, word: str, text: str) -> Answer:
        said = {"code": "40002", "msg": "Invalid Arguments", "sub_code": word, "sub_msg": text}
        name = f"{method.replace('.', '_')}_response" if method in CALLS else "error_response"
        return Answer(200, json.dumps({name: said}, ensure_ascii=False).encode(), _JSON)


def _fields(call: Call) -> dict[str, str]:
    given = parse_qsl(urlsplit(call.target).query, keep_blank_values=True)
    try:
        given += parse_qsl(call.body.decode(), keep_blank_values=True)
    except ValueError:
        return {}
    return dict(given)


def _content(fields: dict[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(fields.get("biz_content", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _fen(text: Any) -> int:
    whole, _, part = str(text).partition(".")
    if not (whole.isdigit() and len(part) <= 2 and (part + "0").isdigit()):
        raise ValueError(text)
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _china(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
