"""Shoppers whose trip may be cut off anywhere: each comes back, looks how things stand, and goes on from there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from hutong.flows import cart
from hutong.kernel import clock
from hutong.kernel.rows import execute, row, rows, scalar
from hutong.town.people.models import Person
from hutong.town.people.types import TokenKind
from tests.factories import giftcards, people
from tests.factories.loop import Scene
from tests.fakes.sandbox import Sandbox, wait_until

SCOPES = ["orders:read", "orders:write", "vouchers:read"]
ENDS = {
    "pay": "paid",
    "silence": "paid",
    "gift card": "paid",
    "redeem": "paid",
    "refund": "refunded",
    "refund in silence": "refunded",
    "leave": "expired",
}
_keys = itertools.count(1)

# Nothing about the order is open: not with the provider, not with us.
_IS_OPEN = """
SELECT EXISTS (SELECT 1 FROM orders_order WHERE public_id = %(ref)s AND state = 'awaiting_payment')
OR EXISTS (SELECT 1 FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
WHERE p.order_ref = %(ref)s AND r.state IN ('pending', 'unknown'))
"""


class CutOff(Exception):
    """The site went away in the middle of a request."""


@dataclass
class Trip:
    """One shopper with one order, or on the way to it. `stopped` says that there is no use in waiting any longer."""

    kind: str
    url: str
    sandbox: Sandbox
    shop: Scene
    stopped: Callable[[], bool]
    comes_back: bool = True
    person: Person = field(default_factory=people.person)
    token: str = ""
    ref: str = ""
    cut_at: float = 0.0
    took_s: float | None = None

    def __post_init__(self) -> None:
        self.token = people.token_of(self.person, scopes=SCOPES, at=clock.now())
        if self.kind == "gift card":
            giftcards.card(5000, holder=self.person, at=clock.now())

    def go(self) -> None:
        """As far as it gets, from wherever it stands. Raises `CutOff`."""
        self.ref = self._my_order() or self._order()
        if self.kind == "gift card":
            return
        if self._state() == "awaiting_payment" and not self._paid_there():
            self._go_to_pay()
        if self.kind == "leave":
            out_of_time(self.ref)
            return
        wait_until(lambda: self._state() != "awaiting_payment" or self.stopped(), timeout_s=90)
        if self.stopped():
            return
        if self.kind == "redeem":
            self._redeem()
        elif self.kind.startswith("refund") and self._state() == "paid":
            self._give_back()

    def was_cut(self, at: float) -> None:
        """Its site died at `at` (monotonic): whoever does not come back has an order perhaps, and no more time to pay."""
        self.cut_at, self.stopped = at, lambda: False
        found = row("SELECT public_id FROM orders_order WHERE person_id = %s", [self.person.pk])
        self.ref = str(found["public_id"]) if found else ""
        if not self.comes_back and self.ref:
            out_of_time(self.ref)

    def is_open(self) -> bool:
        """Whether somebody still owes something to somebody."""
        return bool(self.ref) and bool(scalar(_IS_OPEN, {"ref": self.ref}))

    def ended(self) -> bool:
        """Whether nothing of it is open any more; notes when that was seen first."""
        if self.took_s is None and not self.is_open():
            self.took_s = time.monotonic() - self.cut_at
        return self.took_s is not None

    def require_whole(self, books: dict[str, dict[str, Any]]) -> None:
        """It ended as its shopper wanted, with a voucher exactly for what is paid, and captured at most once."""
        if not self.ref:
            return  # it was cut off before there was an order
        state = self._state()
        if self.comes_back:
            assert state == ENDS[self.kind], (self.ref, self.kind, state)
        assert state in ("paid", "refunded", "expired"), (self.ref, self.kind, state)
        name = {"ref": self.ref}
        vouchers = scalar("SELECT count(*) FROM vouchers_voucher WHERE order_ref = %(ref)s", name)
        assert vouchers == (0 if state == "expired" else 1), (self.ref, state)
        kept, captured = 0, 0
        for payment in rows("SELECT public_id FROM payments_payment WHERE order_ref = %(ref)s", name):
            there = books.get(payment["public_id"])
            if there and there["captured_currency"]:
                captured += 1
                kept += there["captured"] - there["refunded"]
        by_provider = state != "expired" and self.kind != "gift card"
        assert captured == 1 if by_provider else captured <= 1, (self.ref, state, captured)
        price = self.shop.offer.price
        assert kept == (price if by_provider and state == "paid" else 0), (self.ref, state, kept)
        used = scalar(
            "SELECT count(*) FROM vouchers_redemption r JOIN vouchers_voucher v ON v.id = r.voucher_id"
            " WHERE v.order_ref = %(ref)s",
            name,
        )
        if self.kind == "redeem":
            assert used == 1 if self.comes_back else used <= 1, (self.ref, used)
        else:
            assert used == 0, self.ref

    def _ask(self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "") -> Any:
        headers = {
            "Authorization": f"Bearer {token or self.token}",
            "Idempotency-Key": key or f"a-shoppers-click-{next(_keys):08d}",
        }
        try:
            return httpx.request(
                method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=20, trust_env=False
            )
        except httpx.TransportError as error:
            raise CutOff(path) from error

    def _my_order(self) -> str:
        found = self._ask("GET", "/orders").json()
        return str(found[0]["ref"]) if found else ""

    def _order(self) -> str:
        wants = {self.shop.offer.public_id: 1}
        quote = cart.price(wants=wants, at=clock.now()).quote
        order: dict[str, Any] = {
            "lines": [{"deal": self.shop.offer.public_id, "quantity": 1}],
            "quote": quote.hash,
            "remember_me": True,
        }
        if self.kind == "gift card":
            order["from_balance"] = {"minor": quote.total.minor, "unit": quote.total.unit}
        answer = self._ask("POST", "/orders", order)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ref"])

    def _state(self) -> str:
        return str(scalar("SELECT state FROM orders_order WHERE public_id = %s", [self.ref]))

    def payment(self) -> str:
        """The newest payment of its order."""
        found = row(
            "SELECT public_id FROM payments_payment WHERE order_ref = %s ORDER BY id DESC", [self.ref]
        )
        assert found is not None
        return str(found["public_id"])

    def _paid_there(self) -> bool:
        there = self.sandbox.books().get(self.payment())
        return bool(there and there["captured_currency"])

    def _go_to_pay(self) -> None:
        answer = self._ask("POST", f"/orders/{self.ref}/payments", {})
        if self.kind == "leave":
            # Whoever left comes back too late, whether or not the order has been ended by then.
            assert answer.status_code == 201 or answer.json()["code"] == "order_not_payable", answer.text
            return
        assert answer.status_code == 201, answer.text
        if self.kind == "silence":
            self.sandbox.fault("lose_webhook", reference=self.payment())
        self.sandbox.pay(self.payment())

    def _redeem(self) -> None:
        vouchers = self._ask("GET", "/vouchers").json()
        code = next(voucher["code"] for voucher in vouchers if voucher["order"] == self.ref)
        till = people.token_of(
            self.shop.device.paired_by,
            kind=TokenKind.DEVICE,
            subject_ref=self.shop.device.public_id,
            scopes=["redemptions:write"],
            at=clock.now(),
        )
        # The till's key is the scan's: the same one when it tries again.
        answer = self._ask("POST", "/redemptions", {"code": code}, token=till, key=f"scan-{self.ref}")
        assert answer.status_code == 201, answer.text

    def _give_back(self) -> None:
        if self.kind == "refund in silence":
            self.sandbox.fault("error_before", call="refund")
        answer = self._ask("POST", f"/orders/{self.ref}/refunds", {"reason": "changed_mind"})
        assert answer.status_code == 201 or answer.json()["code"] == "nothing_to_refund", answer.text


def out_of_time(ref: str) -> None:
    """The quarter of an hour that an unpaid order has is over now."""
    execute(
        "UPDATE orders_order SET expires_at = greatest(created_at + interval '1 ms', now() - interval '1 s')"
        " WHERE public_id = %s AND state = 'awaiting_payment'",
        [ref],
    )
