"""WeChat Pay as a `Provider`."""

import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from hutong.kernel import ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import (
    BillNotReady,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from hutong.pay.payments.providers.wechat import bill, notification, reports, signing
from hutong.pay.payments.providers.wechat.sign_in import SignIn
from hutong.pay.payments.providers.wechat.transport import Merchant, Reply, Transport
from hutong.pay.payments.providers.wechat.trust import RETRY_S
from hutong.pay.payments.types import (
    Bill,
    Device,
    Event,
    PaymentReport,
    RefundReport,
    RefundRequest,
    ReportStatus,
    Started,
    StartRequest,
)

URL = "https://api.mch.weixin.qq.com"
Way = Literal["h5", "native", "jsapi"]
_ABSENT = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
_PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
_CLOSED = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})
_DESCRIPTION_BYTES, _REASON_BYTES = 127, 80
# What suits a shopper's device where nothing is fixed. Inside WeChat H5 is refused, and JSAPI has to know who pays.
_WAYS: dict[Device, Way] = {Device.PHONE: "h5", Device.DESKTOP: "native", Device.WECHAT: "native"}
Report = TypeVar("Report", PaymentReport, RefundReport)


class WechatProvider:
    """WeChat Pay. Safe to share between threads.

    With `public_key` and `public_key_id` replies are verified by that key, without them by the platform's
    certificates, which are fetched. `way` is how a shopper pays: `h5` opens WeChat on a phone, `native` gives
    the text of a code to scan (`weixin://...`), `jsapi` gives `prepay_id=...` for a page inside WeChat (see
    `bridge`). Without a `way` the shopper's device decides between the first two; who is known by an openid pays inside
    WeChat, which takes the `app_secret` of the app id. Wrong keys raise `ProviderRefused` with their reason.
    """

    name = "wechat"
    acknowledgement: str | None = ""

    def __init__(
        self,
        *,
        url: str = URL,
        mchid: str,
        appid: str,
        merchant_serial: str,
        merchant_key: str,
        api_v3_key: str,
        notify_url: str,
        public_key: str = "",
        public_key_id: str = "",
        way: Way | Literal[""] = "",
        app_secret: str = "",
        sign_in_url: str = "",
        timeout_s: float = 10.0,
        retry_s: float = RETRY_S,
    ) -> None:
        key = signing.private_key(merchant_key)
        merchant = Merchant(mchid, merchant_serial, key, signing.sealing_key(api_v3_key))
        self._merchant, self._appid, self._notify_url = merchant, appid, notify_url
        self._way: Way | Literal[""] = way
        self._sign_in = SignIn(url=sign_in_url, appid=appid, secret=app_secret, timeout_s=timeout_s)
        self._transport = Transport(
            url=url,
            merchant=merchant,
            public_key=public_key,
            public_key_id=public_key_id,
            timeout_s=timeout_s,
            retry_s=retry_s,
        )

    @staticmethod
    def least(unit: str) -> int:  # noqa: ARG004 - the same in every currency
        """See `Provider.least`. One fen."""
        return 1

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`. The APIv3 key shows itself only where the account has certificates to be opened."""
        reply = self._transaction(ids.new_id("pay"))
        if reply.code not in _ABSENT:
            raise reply.refusal()
        doubts = self._sign_in.doubts()
        if self._transport.check_sealing():
            return doubts
        return (
            *doubts,
            "the APIv3 key could not be tried, for this account has no certificates to open with it: "
            "the first notification of a payment shows whether it is right",
        )

    def start(self, request: StartRequest) -> Started:
        """See `Provider.start`."""
        amount = request.amount
        way = self._way or ("jsapi" if request.payer.openid else _WAYS[request.payer.device])
        if amount.unit != "CNY" or amount.minor <= 0:
            raise ProviderRefused(reason="WeChat Pay takes CNY alone, from one fen on")
        body: dict[str, Any] = {
            "appid": self._appid,
            "mchid": self._merchant.mchid,
            "description": _cut(request.description or request.payee, _DESCRIPTION_BYTES),
            "out_trade_no": request.payment_ref,
            "notify_url": self._notify_url,
            "amount": {"total": amount.minor, "currency": amount.unit},
            **self._scene(way, request),
        }
        if request.expires_at is not None:
            expires_at = request.expires_at.astimezone(bill.CHINA)
            body["time_expire"] = expires_at.isoformat(timespec="seconds")
        reply = self._transport.call("POST", f"/v3/pay/transactions/{way}", body=body, effect=True)
        if reply.code in _PAID:
            # A repetition, and the shopper was faster: asking tells how much.
            raise OutcomeUnknown(reason="it is paid already")
        if not reply.is_yes:
            raise reply.refusal()
        where = _redirect(way, reply, request)
        return Started(provider_ref=request.payment_ref, redirect_url=where, to_scan=way == "native")

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """See `Provider.query`."""
        reply = self._transaction(payment_ref)
        if reply.code in _ABSENT:
            return PaymentReport(payment_ref, ReportStatus.ABSENT)
        return self._payment(payment_ref, reply)

    def close(self, *, payment_ref: str, provider_ref: str | None, key: str) -> PaymentReport:
        """See `Provider.close`."""
        target = f"/v3/pay/transactions/out-trade-no/{quote(payment_ref, safe='')}/close"
        reply = self._transport.call("POST", target, body={"mchid": self._merchant.mchid}, effect=True)
        if reply.code in _ABSENT:
            return PaymentReport(payment_ref, ReportStatus.ABSENT)
        if reply.code in _PAID:
            return self.query(payment_ref=payment_ref, provider_ref=provider_ref)
        if not reply.is_yes and reply.code not in _CLOSED:
            raise reply.refusal()
        return PaymentReport(payment_ref, ReportStatus.CLOSED, provider_ref=payment_ref)

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `Provider.refund`. Asks first what was paid, for WeChat Pay wants to hear that with a refund."""
        total = self._paid(request)
        body = {
            "out_trade_no": request.payment_ref,
            "out_refund_no": request.refund_ref,
            "reason": _cut(request.reason, _REASON_BYTES) or "refund",
            "notify_url": self._notify_url,
            "amount": {
                "refund": request.amount.minor,
                "total": total.minor,
                "currency": request.amount.unit,
            },
        }
        reply = self._transport.call("POST", "/v3/refund/domestic/refunds", body=body, effect=True)
        if reply.status == 401:
            raise ProviderUnavailable(**reply.refusal().details)
        if not reply.is_yes:
            raise reply.refusal()
        return self._refund(request.refund_ref, reply)

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """See `Provider.query_refund`."""
        reply = self._transport.call("GET", f"/v3/refund/domestic/refunds/{quote(refund_ref, safe='')}")
        if reply.code in _ABSENT:
            return RefundReport(refund_ref, ReportStatus.ABSENT)
        if not reply.is_yes:
            raise reply.refusal()
        return self._refund(refund_ref, reply)

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """See `Provider.parse_webhook`."""
        return notification.parse(
            keyring=self._transport.keyring,
            sealing_key=self._merchant.sealing_key,
            mchid=self._merchant.mchid,
            appid=self._appid,
            headers=headers,
            body=body,
            at=at,
        )

    def fetch_bill(self, *, on: date) -> Bill:
        """See `Provider.fetch_bill`. A day is one of China's; `ProviderUnavailable` where the file is damaged."""
        query = urlencode({"bill_date": on.isoformat(), "bill_type": "ALL"})
        reply = self._transport.call("GET", f"/v3/bill/tradebill?{query}")
        if not reply.is_yes:
            # Too early there may be no bill for many reasons; only later it means that nothing happened.
            if reply.code == "STATEMENT_CREATING" or (
                reply.status == 400 and reply.sent_at < bill.made_at(on)
            ):
                raise BillNotReady(reason=reply.code)
            if reply.code == "NO_STATEMENT_EXIST":
                return Bill(())
            raise reply.refusal()
        try:
            where = urlsplit(reply.data["download_url"])
            hashed, announced = reply.data["hash_type"], reply.data["hash_value"].lower()
        except (KeyError, AttributeError, ValueError) as error:
            raise ProviderUnavailable(reason="the address of the bill cannot be read") from error
        # Our signature goes to the host it is meant for, whatever the address says.
        body = self._transport.download(f"{where.path}?{where.query}")
        if hashed != "SHA1" or hashlib.sha1(body, usedforsecurity=False).hexdigest() != announced:
            raise ProviderUnavailable(reason="the bill is not the file that was announced")
        return bill.read(body, mchid=self._merchant.mchid)

    @property
    def app(self) -> str:
        """See `InApp.app`: the app id, where its secret is known and no other way is fixed."""
        return self._appid if self._sign_in.possible and self._way in ("", "jsapi") else ""

    def sign_in_page(self, *, back: str, state: str) -> str:
        """See `InApp.sign_in_page`."""
        return self._sign_in.page(back=back, state=state)

    def signed_in(self, *, code: str) -> str:
        """See `InApp.signed_in`: the openid."""
        return self._sign_in.openid(code=code)

    def bridge(self, prepay: str, *, at: datetime) -> dict[str, str]:
        """See `InApp.bridge`: `prepay` is `prepay_id=...`."""
        timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
        message = f"{self._appid}\n{timestamp}\n{nonce}\n{prepay}\n".encode()
        return {
            "appId": self._appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": prepay,
            "signType": "RSA",
            "paySign": signing.sign(self._merchant.key, message),
        }

    def _scene(self, way: Way, request: StartRequest) -> dict[str, Any]:
        if way == "h5":
            address = _address(request.payer.address)
            return {"scene_info": {"payer_client_ip": address, "h5_info": {"type": "Wap"}}}
        if way == "native":
            return {}
        if not request.payer.openid:
            raise ProviderRefused(reason="a payment inside WeChat needs to know who pays")
        return {"payer": {"openid": request.payer.openid}}

    def _transaction(self, payment_ref: str) -> Reply:
        query = urlencode({"mchid": self._merchant.mchid})
        target = f"/v3/pay/transactions/out-trade-no/{quote(payment_ref, safe='')}?{query}"
        return self._transport.call("GET", target)

    def _payment(self, payment_ref: str, reply: Reply) -> PaymentReport:
        if not reply.is_yes:
            raise reply.refusal()
        return _about(
            payment_ref,
            lambda: reports.payment_report(reply.data, mchid=self._merchant.mchid, appid=self._appid),
            lambda report: report.payment_ref,
        )

    def _refund(self, refund_ref: str, reply: Reply) -> RefundReport:
        return _about(refund_ref, lambda: reports.refund_report(reply.data), lambda report: report.refund_ref)

    def _paid(self, request: RefundRequest) -> Money:
        """What was paid. `ProviderRefused` only where WeChat Pay says that there is nothing to send back.

        Nothing was sent yet. A refusal for any other reason (a wrong key) says nothing of the refund, which an
        earlier call may have made; so it must not count as failed.
        """
        try:
            report = self.query(payment_ref=request.payment_ref, provider_ref=None)
        except (OutcomeUnknown, ProviderRefused) as error:
            raise ProviderUnavailable(**error.details) from error
        if report.captured is None or report.captured.unit != request.amount.unit:
            raise ProviderRefused(reason="there is no such money to send back")
        return report.captured


def _about(ref: str, read: Callable[[], Report], ref_of: Callable[[Report], str]) -> Report:
    """A signed reply in our words, if it answers what was asked: an old reply to another question does not."""
    try:
        report = read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown(reason=f"the reply cannot be read: {error!r}"[:200]) from error
    if ref_of(report) != ref:
        raise OutcomeUnknown(reason="the reply is about something else")
    return report


def _redirect(way: Way, reply: Reply, request: StartRequest) -> str:
    try:
        if way == "h5":
            return f"{reply.data['h5_url']}&{urlencode({'redirect_url': request.return_url})}"
        if way == "native":
            return str(reply.data["code_url"])
        return f"prepay_id={reply.data['prepay_id']}"
    except KeyError as error:
        raise OutcomeUnknown(reason=f"the reply has no {error}") from error


def _address(given: str) -> str:
    """The shopper's address where it is one, for WeChat Pay refuses anything else."""
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return "127.0.0.1"


def _cut(text: str, limit: int) -> str:
    """The beginning of a text that has at most so many bytes."""
    return text.encode()[:limit].decode(errors="ignore")
