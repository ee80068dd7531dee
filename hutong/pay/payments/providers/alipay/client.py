"""Calls to Alipay: pages and codes to pay with, queries, closing, refunds, the bill of a day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hutong.kernel import clock, ids
from hutong.pay.payments.providers.alipay import bill, certificates, notification, signing, transfers, words
from hutong.pay.payments.providers.alipay.gateway import Gateway, SaidNo
from hutong.pay.payments.providers.errors import BillNotReady, OutcomeUnknown, ProviderRefused
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
    TransferReport,
    TransferRequest,
)

Way = Literal["page", "wap", "precreate"]
"""How a shopper pays: on a page for large screens, on one for phones, or by a code that the Alipay app scans."""

GATEWAY_URL = "https://openapi.alipay.com/gateway.do"
WAYS: dict[Way, tuple[str, str]] = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "precreate": ("alipay.trade.precreate", "QR_CODE_OFFLINE"),
}
# What suits a shopper's device where nothing is fixed. Other apps cannot be opened inside WeChat: a code is shown.
_WAY_OF: dict[Device, Way] = {Device.DESKTOP: "page", Device.PHONE: "wap", Device.WECHAT: "precreate"}
_ABSENT = "ACQ.TRADE_NOT_EXIST"
_NOT_TO_CLOSE = {"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"}
_NO_BILL = {"isp.bill_not_exist", "BILL_NOT_EXIST"}
EMPTY_AFTER = timedelta(hours=58)
"""From its midnight on: a bill is made by ten of the next day; one that is not there a day later will never be."""
_NO_SUCH_DAY = {"isv.invalid_arguments", "invalid_arguments", "INVAILID_ARGUMENTS"}


class AlipayProvider:
    """Alipay as a `Provider`. Safe to share between threads. Takes renminbi only.

    Alipay knows a payment from the moment the shopper opens it: between `start` and then it is ABSENT by `query`
    and `close`, whatever the way, and what `start` gave out can still be opened until `expires_at`.
    """

    name = "alipay"
    acknowledgement: str | None = "success"
    """The body Alipay wants as the answer to a notification; it repeats the notification otherwise."""

    def __init__(
        self,
        *,
        app_id: str,
        seller_id: str,
        private_key: str,
        alipay_public_keys: Sequence[str],
        way: Way | Literal[""] = "",
        notify_url: str,
        timeout_s: float,
        url: str = GATEWAY_URL,
        now: Callable[[], datetime] = clock.now,
        app_certificate: str = "",
        root_certificates: str = "",
    ) -> None:
        """Keys are PEM or bare base64; several keys of Alipay while they change. Without a `way` the shopper's device
        decides. Raises `ProviderRefused`.
        """
        if way and way not in WAYS:
            raise ProviderRefused(reason=f"there is no way {way!r}: page, wap or precreate")
        if not app_id or not seller_id:
            raise ProviderRefused(reason="Alipay needs the ids of the application and of the seller")
        self._app_id, self._seller_id = app_id, seller_id
        self._way: Way | Literal[""] = way
        self._notify_url = notify_url
        self._now = now
        self._certificate, self._public_key = (
            app_certificate,
            signing.read_private_key(private_key).public_key(),
        )
        self._gateway = Gateway(
            url=url,
            app_id=app_id,
            private_key=private_key,
            alipay_public_keys=alipay_public_keys,
            timeout_s=timeout_s,
            now=now,
            certificates=certificates.numbers(application=app_certificate, roots=root_certificates)
            if app_certificate
            else None,
        )
        # Alipay sends money for applications with certificates alone.
        self.transfers_to = frozenset({"alipay"} if app_certificate else ())

    @staticmethod
    def least(unit: str) -> int:  # noqa: ARG004 - the same in every currency
        """See `Provider.least`. One fen."""
        return 1

    @staticmethod
    def least_transfer(unit: str) -> int:  # noqa: ARG004 - it sends in one currency alone
        """See `Transfers.least_transfer`. Ten fen."""
        return transfers.LEAST

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`. The right to send money is looked at where there are certificates, which it needs."""
        if not self._certificate:
            self.query(payment_ref=ids.new_id("pay"), provider_ref=None)
            return ()
        doubts = certificates.doubts(application=self._certificate, key=self._public_key, at=self._now())
        self.query(payment_ref=ids.new_id("pay"), provider_ref=None)
        try:
            self.query_transfer(transfer_ref=ids.new_id("try"))
        except ProviderRefused as no:
            doubts += (f"this application may not send money to merchants: {no.details['reason']}",)
        return doubts

    def start(self, request: StartRequest) -> Started:
        """See `Provider.start`. The pages are signed addresses, made without a call; only a code needs one."""
        _check_unit(request.amount.unit)
        way = self._way or _WAY_OF[request.payer.device]
        method, product = WAYS[way]
        content: dict[str, Any] = {
            "out_trade_no": request.payment_ref,
            "total_amount": request.amount.major_text,
            "subject": words.title(request.description or request.payee),
            "product_code": product,
        }
        if request.expires_at:
            content["time_expire"] = words.wall_text(request.expires_at)
        if way != "precreate":
            if way == "wap":
                content["quit_url"] = request.return_url
            urls = {"notify_url": self._notify_url, "return_url": request.return_url}
            return Started(request.payment_ref, self._gateway.address(method, content, **urls))
        try:
            answer = self._gateway.call(method, content, effect=True, notify_url=self._notify_url)
        except SaidNo as error:
            if error.word == "ACQ.TRADE_HAS_SUCCESS":
                # Not refused: an earlier start was paid. A query tells.
                raise OutcomeUnknown(reason=error.word) from error
            raise
        _check_ref(answer, request.payment_ref)
        if not answer.get("qr_code"):
            raise OutcomeUnknown(reason="the answer has no code to pay with")
        return Started(request.payment_ref, str(answer["qr_code"]), to_scan=True)

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """See `Provider.query`."""
        try:
            answer = self._gateway.call("alipay.trade.query", {"out_trade_no": payment_ref})
        except SaidNo as error:
            if error.word == _ABSENT:
                return PaymentReport(payment_ref, ReportStatus.ABSENT)
            raise
        _check_ref(answer, payment_ref)
        try:
            return words.payment_report(answer)
        except (KeyError, ValueError) as error:
            raise OutcomeUnknown(reason="the answer cannot be understood") from error

    def close(self, *, payment_ref: str, provider_ref: str | None, key: str) -> PaymentReport:
        """See `Provider.close`. ABSENT also for a payment that nobody has opened, which can be opened still."""
        try:
            answer = self._gateway.call("alipay.trade.close", {"out_trade_no": payment_ref}, effect=True)
        except SaidNo as error:
            if error.word == _ABSENT:
                return PaymentReport(payment_ref, ReportStatus.ABSENT)
            if error.word in _NOT_TO_CLOSE:
                return self.query(payment_ref=payment_ref, provider_ref=provider_ref)
            raise
        _check_ref(answer, payment_ref)
        return PaymentReport(payment_ref, ReportStatus.CLOSED, provider_ref=payment_ref)

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `Provider.refund`. Where Alipay does not say that money moved just now, it is asked whether it had."""
        _check_unit(request.amount.unit)
        content = {
            "out_trade_no": request.payment_ref,
            "out_request_no": request.refund_ref,
            "refund_amount": request.amount.major_text,
            "refund_reason": words.title(request.reason),
        }
        answer = self._gateway.call("alipay.trade.refund", content, effect=True)
        _check_ref(answer, request.payment_ref)
        trade_no = str(answer.get("trade_no") or "")
        if not trade_no:
            raise OutcomeUnknown(reason="the answer does not name its trade")
        if answer.get("fund_change") == "Y":
            return RefundReport(request.refund_ref, ReportStatus.DONE, trade_no)
        asked = self.query_refund(
            refund_ref=request.refund_ref, payment_ref=request.payment_ref, provider_ref=trade_no
        )
        if asked.status is ReportStatus.ABSENT:
            # Taken on, and not yet to be seen.
            return RefundReport(request.refund_ref, ReportStatus.PENDING, trade_no)
        return asked

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """See `Provider.query_refund`. Alipay finds a refund by its payment and our reference."""
        content = {"out_trade_no": payment_ref, "out_request_no": refund_ref}
        try:
            answer = self._gateway.call("alipay.trade.fastpay.refund.query", content)
        except SaidNo as error:
            if error.word == _ABSENT:
                return RefundReport(refund_ref, ReportStatus.ABSENT)
            raise
        try:
            if answer.get("out_request_no", refund_ref) != refund_ref:
                raise ValueError("about another refund")
            return words.refund_report(refund_ref, answer)
        except (KeyError, ValueError) as error:
            raise OutcomeUnknown(reason="the answer cannot be understood") from error

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """See `Provider.parse_webhook`. A notification may be 26 hours old; see `notification`."""
        return notification.parse(
            keys=self._gateway.public_keys, app_id=self._app_id, seller_id=self._seller_id, body=body, at=at
        )

    def transfer(self, request: TransferRequest) -> TransferReport:
        """See `Transfers.transfer`."""
        return transfers.send(self._gateway, request)

    def query_transfer(self, *, transfer_ref: str) -> TransferReport:
        """See `Transfers.query_transfer`."""
        return transfers.ask(self._gateway, transfer_ref)

    def fetch_bill(self, *, on: date) -> Bill:
        """See `Provider.fetch_bill`. A day is one of China; its bill is made by 10 o'clock of the next.

        Alipay says the same of a bill that is not made yet and of a day without trades: `BillNotReady` for as long
        as it may still be made, then an empty bill. Had there been trades after all, they are missing on it.
        """
        content = {"bill_type": "trade", "bill_date": on.isoformat()}
        try:
            answer = self._gateway.call("alipay.data.dataservice.bill.downloadurl.query", content)
        except SaidNo as error:
            now = self._now().astimezone(ZoneInfo(words.ZONE))
            not_over = on >= now.date()
            if error.word in _NO_BILL and now - datetime.combine(on, time(), now.tzinfo) >= EMPTY_AFTER:
                return Bill(())
            if error.word in _NO_BILL or (error.word in _NO_SUCH_DAY and not_over):
                raise BillNotReady(reason=error.word) from error
            raise
        return bill.read(self._gateway.download(str(answer.get("bill_download_url", ""))))


def _check_unit(unit: str) -> None:
    if unit != words.UNIT:
        raise ProviderRefused(reason=f"Alipay takes {words.UNIT} only, not {unit}")


def _check_ref(answer: Mapping[str, Any], payment_ref: str) -> None:
    # An answer that was signed for another payment is none to this call.
    if answer.get("out_trade_no") != payment_ref:
        raise OutcomeUnknown(reason="the answer is about another payment")
