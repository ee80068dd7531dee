"""What a simulated Alipay sends to people's accounts, out of what it holds for the seller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.fakes.providers.alipay.paper import CHINA
from tests.fakes.providers.books import Books, Refused


@dataclass
class Sent:
    """A transfer as it was asked for."""

    ref: str
    order_id: str
    amount: str
    account: str
    status: str
    at: datetime
    error: str = ""


class Transfers:
    """Transfers by the seller's reference, each once. `payees` are the accounts there are, with their names."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.payees: dict[str, str] = {}
        self.sent: dict[str, Sent] = {}
        self.refuse = ""
        """Why the next transfers are refused, whoever they are for; "" for no reason."""
        self.pending = False
        """Whether the next transfers take their time."""

    def send(self, content: dict[str, Any]) -> dict[str, Any]:
        """Send money, or say what was said of it before."""
        ref, amount, payee = content["out_biz_no"], content["trans_amount"], content["payee_info"]
        if (content["product_code"], content["biz_scene"]) != ("TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"):
            raise ValueError(content)
        with self._books.lock:
            known = self.sent.get(ref)
            if known is not None:
                if (known.amount, known.account) != (amount, payee["identity"]):
                    raise Refused("transfer_used")
                return self.said(ref)
            if Decimal(amount) < Decimal("0.10"):
                raise Refused("small")
            if self.refuse:
                raise Refused(self.refuse)
            if payee["identity_type"] != "ALIPAY_LOGON_ID" or payee["identity"] not in self.payees:
                raise Refused("no_payee")
            if payee["name"] != self.payees[payee["identity"]]:
                raise Refused("wrong_name")
            status = "DEALING" if self.pending else "SUCCESS"
            order_id = self._books.new_ref("X")
            self.sent[ref] = Sent(ref, order_id, amount, payee["identity"], status, self._books.now())
            return self.said(ref)

    def end(self, ref: str, status: str, error: str = "") -> None:
        """One that took its time comes to its end: `SUCCESS`, `FAIL`, `CLOSED` or `REFUND`."""
        self.sent[ref].status, self.sent[ref].error = status, error

    def judge(self, ours: Mapping[str, str]) -> list[str]:
        """Where Alipay's own books and another's differ; `ours` are the amounts that are said to have been sent, by ref."""
        theirs = {each.ref: each.amount for each in self.sent.values() if each.status == "SUCCESS"}
        return [
            f"{ref}: Alipay sent {theirs.get(ref, 'nothing')}, not {ours.get(ref, 'nothing')}"
            for ref in sorted(theirs.keys() | ours.keys())
            if theirs.get(ref) != ours.get(ref)
        ]

    def said(self, ref: str) -> dict[str, Any]:
        """What Alipay says of one."""
        found = self.sent.get(ref)
        if found is None:
            raise Refused("no_transfer")
        said = {"out_biz_no": ref, "order_id": found.order_id, "status": found.status}
        said["trans_date"] = f"{found.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        return said | ({"error_code": found.error} if found.error else {})
