"""What a simulated Alipay sends to people's accounts, out of what it holds for the seller."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.fakes.providers import transfers
from tests.fakes.providers.alipay.paper import CHINA
from tests.fakes.providers.books import Books, Refused
from tests.fakes.providers.transfers import Sent


class Transfers(transfers.Transfers):
    """Transfers by the seller's reference, each once. One may end as `SUCCESS`, `FAIL`, `CLOSED` or `REFUND`."""

    name, done = "Alipay", "SUCCESS"

    def __init__(self, books: Books) -> None:
        super().__init__(books)
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
            self.sent[ref] = Sent(ref, order_id, amount, "CNY", payee["identity"], status, self._books.now())
            return self.said(ref)

    def said(self, ref: str) -> dict[str, Any]:
        """What Alipay says of one."""
        found = self.sent.get(ref)
        if found is None:
            raise Refused("no_transfer")
        said = {"out_biz_no": ref, "order_id": found.provider_ref, "status": found.status}
        said["trans_date"] = f"{found.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        return said | ({"error_code": found.error} if found.error else {})
