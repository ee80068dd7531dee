"""The simulator's books, with ids as Stripe makes them. Amounts are Stripe's own, units in capitals."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

from tests.fakes.providers.books import Back, BillRow, Books, Refused, Trade

_SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def made_id(prefix: str, text: str, length: int) -> str:
    """An id such as `cs_test_a1Ae6Cl...`: always the same for the same text."""
    digest = hashlib.sha512(text.encode()).digest()
    return prefix + "".join(_SYMBOLS[byte % 62] for byte in digest)[:length]


class StripeBooks(Books):
    """Nothing keeps two sessions or refunds from carrying the same reference of the merchant: only keys do."""

    def __init__(self, *, fee_ppm: int = 15_000) -> None:
        super().__init__(prefix="", fee_ppm=fee_ppm)
        self.sessions: dict[str, str] = {}
        self.intents: dict[str, str] = {}
        self.refunds: dict[str, str] = {}

    def new_ref(self, kind: str) -> str:
        """A session's (T) or a refund's (R) id."""
        number = super().new_ref(kind)
        return made_id("cs_test_a1", number, 56) if kind == "T" else made_id("re_3", number, 23)

    def open_session(self, ref: str, **asked: Any) -> Trade:
        """A new trade, also where the reference was used before (then `ref~2`, `ref~3`)."""
        with self.lock:
            trade = self.open(free(ref, self.trades), **asked)
            self.sessions[trade.provider_ref] = trade.ref
            trade.data["intent"] = made_id("pi_3", trade.provider_ref, 23)
            self.intents[trade.data["intent"]] = trade.ref
            return trade

    def send_back(self, ref: str, **asked: Any) -> Back:
        """A new refund, also where the reference was used before."""
        with self.lock:
            back = self.refund(free(ref, self.backs), **asked)
            self.refunds[back.provider_ref] = back.ref
            return back

    def session(self, session_id: str) -> Trade:
        """By Stripe's id; `Refused` ("absent")."""
        with self.lock:
            if session_id not in self.sessions:
                raise Refused("absent")
            return self.trade(self.sessions[session_id])

    def intent(self, intent_id: str) -> Trade:
        """By the id of the payment intent; `Refused` ("absent")."""
        with self.lock:
            if intent_id not in self.intents:
                raise Refused("absent")
            return self.trade(self.intents[intent_id])

    def _lines(self) -> Iterator[BillRow]:
        for row in super()._lines():
            yield replace(row, fee=0) if row.refund_ref else row  # Stripe keeps its fee


def free(ref: str, taken: Container[str]) -> str:
    """The reference, or where it was used before `ref~2`, `ref~3`."""
    number, free = 1, ref
    while free in taken:
        number += 1
        free = f"{ref}~{number}"
    return free


def merchants_own(ref: str) -> str:
    """The reference as the merchant gave it."""
    return ref.partition("~")[0]
