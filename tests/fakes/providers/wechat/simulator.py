"""WeChat Pay's API v3 over HTTP: every request's signature is checked, and every reply is signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.fakes.providers.books import BackState, BillRow, Books, Refused, TradeState
from tests.fakes.providers.server import BACKOFF_S, Answer, Call, Notice, Simulator
from tests.fakes.providers.wechat import words
from tests.fakes.providers.wechat.keys import SCHEME, Account, Signer
from tests.fakes.providers.wechat.sign_in import SignIns
from tests.fakes.providers.wechat.statement import statement

_STARTS = re.compile(r"/v3/pay/transactions/(h5|native|jsapi)")
_TRADE = re.compile(r"/v3/pay/transactions/(?:out-trade-no|id)/([^/]+?)(/close)?")
_REFUNDS = "/v3/refund/domestic/refunds"
_PART = re.compile(r'(\w+)="([^"]*)"')
_AHEAD_S = 300


class WechatSimulator(Simulator):
    """WeChat Pay for one merchant. `signers` are its keys, the last one signs what no request asks to be signed.

    `made_after` is how long after its midnight in China a day's bill is made (34 hours: at ten of the next day);
    None makes it at once. `links` puts the page to pay on, where a real code has a text for WeChat alone.
    """

    name = "wechat"

    def __init__(
        self,
        *,
        books: Books,
        account: Account,
        signers: Sequence[Signer],
        seed: int = 0,
        backoff_s: Sequence[float] = BACKOFF_S,
        made_after: timedelta | None = timedelta(hours=34),
        links: bool = False,
    ) -> None:
        super().__init__(books=books, seed=seed, backoff_s=backoff_s)
        self.account = account
        self.signers = list(signers)
        self.made_after = made_after
        self.links = links
        self.unsigned = False
        """Replies without a signature, as somebody between us would send them."""
        self.change_bill: Callable[[bytes], bytes] = lambda body: body
        """What happens to a bill's file before it is hashed; a test may break lines here."""
        self.damage_bill: Callable[[bytes], bytes] = lambda body: body
        """What happens to it afterwards, on its way."""
        self.sign_ins = SignIns(account.appid)
        """WeChat's sign-in, which tells sites who somebody is."""
        self.calls: list[Call] = []
        self._nonces: set[str] = set()
        self._files: dict[str, bytes] = {}

    def named(self, call: Call) -> tuple[str, str]:
        """See `Simulator.named`."""
        body = _body(call)
        if _STARTS.fullmatch(call.path):
            return "start", str(body.get("out_trade_no", ""))
        if trade := _TRADE.fullmatch(call.path):
            return ("close" if trade.group(2) else "query"), trade.group(1)
        if call.path == _REFUNDS:
            return "refund", str(body.get("out_refund_no", ""))
        if call.path.startswith(_REFUNDS):
            return "query_refund", call.path.rsplit("/", 1)[-1]
        calls = {"/v3/certificates": "certificates", "/v3/bill/tradebill": "bill"}
        return calls.get(call.path, ""), ""

    def handle(self, call: Call) -> Answer:
        """See `Simulator.handle`."""
        self.calls.append(call)
        why = self._stranger(call)
        if why:
            return self._no(call, 401, "SIGN_ERROR", why)
        try:
            return self._do(call)
        except Refused as refused:
            return self._no(call, *words.NO[refused.why])
        except (KeyError, TypeError, ValueError) as error:
            return self._no(call, 400, "PARAM_ERROR", f"参数错误: {error}")

    def broken(self) -> Answer:
        """See `Simulator.broken`."""
        body = _json({"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"})
        return Answer(500, body, self.signers[-1].headers(body, self.books.now()))

    def accepted(self, status: int, body: bytes) -> bool:
        """See `Simulator.accepted`."""
        return status in (200, 204)

    def answer(self, call: Call) -> Answer:
        """As any; the page to pay on is also told where the shopper goes back to."""
        if signed_in := self.sign_ins.answer(call):
            return signed_in
        back = parse_qs(urlsplit(call.target).query).get("redirect_url", [""])[-1]
        if call.path.startswith("/simulator/") and back:
            self.books.trade(call.path.rsplit("/", 1)[-1]).data["return_url"] = back
        return super().answer(call)

    def notify(self, ref: str) -> None:
        """See `Simulator.notify`. Of payments only success is told, of refunds every end."""
        back = self.books.backs.get(ref)
        trade = self.books.trade(back.trade_ref if back else ref)
        if back is None:
            if trade.state is TradeState.PAID:
                told = words.transaction(trade, self.account, state="SUCCESS")
                self._tell(trade.ref, trade.data["notify_url"], "TRANSACTION.SUCCESS", told)
            return
        state = words.back_state(back)
        if state != "PROCESSING":
            told = words.refund_notice(back, trade, self.account)
            self._tell(back.ref, back.data.get("notify_url", ""), f"REFUND.{state}", told)

    def hand_over(self, call: Mapping[str, str]) -> None:
        """A page inside WeChat hands a payment to the app, and the person agrees. `Refused` where it is not signed."""
        prepay = call["package"].removeprefix("prepay_id=")
        message = "\n".join(
            [call["appId"], call["timeStamp"], call["nonceStr"], call["package"], ""]
        ).encode()
        signature = base64.b64decode(call["paySign"])
        for key in self.account.keys.values():
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        if call["appId"] != self.account.appid or call["signType"] != "RSA":
            raise Refused("payer")
        (ref,) = [ref for ref in self.books.trades if prepay_of(ref) == prepay]
        self.pay(ref)

    def turn_abnormal(self, ref: str) -> None:
        """A pending refund meets a card that takes it no more."""
        self.books.back(ref).data["abnormal"] = True
        self.notify(ref)

    def notice(self, kind: str, told: dict[str, Any], *, event_id: str = "") -> bytes:
        """The body of a notification, sealed for the merchant."""
        original = "refund" if kind.startswith("REFUND") else "transaction"
        sealed = self.account.sealed(json.dumps(told, ensure_ascii=False), original)
        return _json(
            {
                "id": event_id or f"EV-{os.urandom(16).hex()}",
                "create_time": words.moment(self.books.now()),
                "resource_type": "encrypt-resource",
                "event_type": kind,
                "summary": "退款通知" if original == "refund" else "支付成功",
                "resource": {"original_type": original, **sealed},
            }
        )

    def _tell(self, ref: str, url: str, kind: str, told: dict[str, Any]) -> None:
        body = self.notice(kind, told)

        def build() -> tuple[dict[str, str], bytes]:
            headers = self.signers[-1].headers(body, self.books.now())
            return {"Content-Type": "application/json", **headers}, body

        self.send(Notice(ref, url, build))

    def _do(self, call: Call) -> Answer:
        body = _body(call)
        if start := _STARTS.fullmatch(call.path):
            return self._start(call, start.group(1), body)
        if trade := _TRADE.fullmatch(call.path):
            self._check_mchid(body.get("mchid") if trade.group(2) else call.query.get("mchid"))
            if not trade.group(2):
                return self._yes(call, words.transaction(self.books.trade(trade.group(1)), self.account))
            self.books.close(trade.group(1))
            return Answer(204, b"", self._signed(call, b""))
        if call.path == _REFUNDS and call.method == "POST":
            return self._refund(call, body)
        if call.path.startswith(f"{_REFUNDS}/"):
            try:
                back = self.books.back(call.path.rsplit("/", 1)[-1])
            except Refused as refused:
                raise Refused("absent_refund") from refused
            return self._yes(call, words.refund(back, self.books.trade(back.trade_ref)))
        if call.path == "/v3/bill/tradebill":
            return self._bill(call)
        if call.path == "/v3/billdownload/file":
            return Answer(200, self.damage_bill(self._files[call.query["token"]]))
        if call.path == "/v3/certificates":
            return self._certificates(call)
        return self._no(call, 404, "NOT_FOUND", "接口不存在")

    def _start(self, call: Call, way: str, body: dict[str, Any]) -> Answer:
        self._check_mchid(body["mchid"])
        if body["appid"] != self.account.appid:
            return self._no(call, 400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        total, unit = body["amount"]["total"], body["amount"]["currency"]
        if type(total) is not int or total <= 0 or unit != "CNY":
            raise ValueError("amount")
        if not body["notify_url"] or len(body["description"].encode()) > 127 or not body["description"]:
            raise ValueError("description")
        if not 6 <= len(body["out_trade_no"]) <= 32:
            raise ValueError("out_trade_no")
        if way == "h5" and not body["scene_info"]["payer_client_ip"]:
            raise ValueError("scene_info")
        if way == "jsapi" and body["payer"]["openid"] not in self.sign_ins.known:
            raise Refused("payer")
        ends = datetime.fromisoformat(body["time_expire"]) if "time_expire" in body else None
        ref, notify_url = body["out_trade_no"], body["notify_url"]
        trade = self.books.open(
            ref, amount=total, unit=unit, expires_at=ends, way=way, notify_url=notify_url, asked=body
        )
        if trade.state is not TradeState.OPEN:
            raise Refused("paid" if trade.state is TradeState.PAID else "closed")
        if trade.data["asked"] != body or trade.data["way"] != way:
            raise Refused("ref_used")
        prepay_id = prepay_of(ref)
        code = self.page_url(ref) if self.links else f"weixin://wxpay/bizpayurl?pr={prepay_id[2:11]}"
        answers = {
            "h5": {"h5_url": f"{self.page_url(ref)}?prepay_id={prepay_id}&package=2150917749"},
            "native": {"code_url": code},
            "jsapi": {"prepay_id": prepay_id},
        }
        return self._yes(call, answers[way])

    def _refund(self, call: Call, body: dict[str, Any]) -> Answer:
        ref, money = body["out_refund_no"], body["amount"]
        if type(money["refund"]) is not int or type(money["total"]) is not int:
            raise ValueError("amount")
        trade = self.books.trade(body["out_trade_no"])
        if trade.state is TradeState.PAID and money["total"] != trade.paid:
            raise Refused("total")
        pending = self.faults.take("refund_pending", call="refund", ref=ref) is not None
        known = ref in self.books.backs
        try:
            back = self.books.refund(
                ref,
                trade_ref=trade.ref,
                amount=money["refund"],
                unit=money["currency"],
                pending=pending,
                notify_url=body.get("notify_url", ""),
            )
        except Refused as refused:
            raise Refused("refund_ref_used" if refused.why == "ref_used" else refused.why) from refused
        if not known and back.state is BackState.DONE:
            self.notify(ref)
        return self._yes(call, words.refund(back, trade))

    def _bill(self, call: Call) -> Answer:
        on = date.fromisoformat(call.query["bill_date"])
        midnight = datetime.combine(on, time(), words.CHINA)
        if self.made_after is not None and self.books.now() < midnight + self.made_after:
            return self._no(call, 400, "STATEMENT_CREATING", "账单生成中，请在上午10点以后再下载")
        rows = self._rows(on)
        if not rows:
            return self._no(call, 400, "NO_STATEMENT_EXIST", "账单文件不存在")
        body = self.change_bill(statement(rows, self.account))
        token = os.urandom(16).hex()
        self._files[token] = body
        return self._yes(
            call,
            {
                "download_url": f"{self.url}/v3/billdownload/file?token={token}",
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(body).hexdigest(),
            },
        )

    def _rows(self, on: date) -> list[BillRow]:
        """The lines of a day of China's, which has hours of two days of the books."""
        rows = self.books.bill(on - timedelta(days=1)) + self.books.bill(on)
        return [row for row in rows if row.at.astimezone(words.CHINA).date() == on]

    def _certificates(self, call: Call) -> Answer:
        rows = [
            {
                "serial_no": signer.serial,
                "effective_time": words.moment(self.books.now()),
                "expire_time": words.moment(signer.ends or datetime.now(UTC)),
                "encrypt_certificate": self.account.sealed(signer.certificate, "certificate"),
            }
            for signer in self.signers
            if signer.certificate
        ]
        if not rows:
            return self._no(
                call, 404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"
            )
        return self._yes(call, {"data": rows})

    def _stranger(self, call: Call) -> str:
        """Why the caller is not who it says, or ""."""
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        said = dict(_PART.findall(rest))
        if scheme != SCHEME or not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= set(said):
            return "Http头Authorization值格式错误"
        key = self.account.keys.get(said["serial_no"])
        if said["mchid"] != self.account.mchid or key is None:
            return "商户证书序列号有误。请使用签名私钥匹配的证书序列号"
        if abs(int(said["timestamp"]) - self.books.now().timestamp()) > _AHEAD_S:
            return "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
        if said["nonce_str"] in self._nonces:
            return "Http头Authorization中的nonce_str重复"
        self._nonces.add(said["nonce_str"])
        head = f"{call.method}\n{call.target}\n{said['timestamp']}\n{said['nonce_str']}\n".encode()
        try:
            signature = base64.b64decode(said["signature"], validate=True)
            key.verify(signature, head + call.body + b"\n", padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error):
            return "错误的签名，验签失败"
        return ""

    def _check_mchid(self, mchid: object) -> None:
        if mchid != self.account.mchid:
            raise ValueError("mchid")

    def _signed(self, call: Call, body: bytes) -> dict[str, str]:
        if self.unsigned:
            return {}
        asked = call.headers.get("wechatpay-serial", "")
        signer = next((one for one in self.signers if one.serial == asked), self.signers[-1])
        return signer.headers(body, self.books.now())

    def _yes(self, call: Call, told: dict[str, Any]) -> Answer:
        body = _json(told)
        return Answer(
            200, body, {"content-type": "application/json; charset=utf-8", **self._signed(call, body)}
        )

    def _no(self, call: Call, status: int, code: str, message: str) -> Answer:
        body = _json({"code": code, "message": message})
        headers = {"content-type": "application/json; charset=utf-8", **self._signed(call, body)}
        return Answer(status, body, headers)


def prepay_of(ref: str) -> str:
    """The number of a payment that waits inside WeChat."""
    return f"wx{hashlib.sha256(ref.encode()).hexdigest()[:34]}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _body(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
