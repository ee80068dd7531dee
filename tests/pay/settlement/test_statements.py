"""Statements are the payable account, line by line: at every moment, whatever happened in whichever order."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import AdjustmentReason, LineKind, PayoutState
from tests.factories.settlement import SITE, account, days, earned, euros, owed, paid, sent

pytestmark = pytest.mark.django_db


class Trade:
    """One merchant's weeks, at random: it earns, takes back, is given and paid, and the bank has its moods."""

    def __init__(self, seed: int, at: datetime) -> None:
        self.dice = random.Random(seed)
        self.at = at
        self.live: list[str] = []

    def earn(self) -> None:
        self.live.append(earned(self.dice.randrange(1, 5000), at=self.at))

    def undo(self) -> None:
        if self.live:
            services.unsettle(reference=self.live.pop(self.dice.randrange(len(self.live))), at=self.at)

    def adjust(self) -> None:
        amount = euros(self.dice.choice((-700, -40, 90, 1200)))
        reason = self.dice.choice((AdjustmentReason.CORRECTION, AdjustmentReason.PROVIDER_FEE))
        services.adjust(
            alone_up_to=100_000, merchant_ref="mer_a", amount=amount, reason=reason, entry=new_id("key"), note="so",
            by="per_o", at=self.at,
        )  # fmt: skip

    def make(self) -> None:
        try:
            with transaction.atomic():
                services.make_batch(unit="EUR", on=self.at.date(), site=SITE, by="per_m", at=self.at)
        except services.NothingToPay:
            return

    def move(self) -> None:
        """Approve, send, drop or hear of the newest batch."""
        for batch in queries.batches(limit=1):
            if batch.state == "draft" and self.dice.random() < 0.2:
                services.drop_batch(batch_ref=batch.ref, reason="no", by="per_a", at=self.at)
            elif batch.state == "draft":
                for operator in ("per_a", "per_b")[: 2 if batch.needs_two else 1]:
                    services.approve_batch(batch_ref=batch.ref, by=operator, at=self.at)
            elif batch.state == "approved":
                services.send_batch(batch_ref=batch.ref, by="per_a", at=self.at)
            for payout in queries.payouts_of_batch(batch.ref):
                self.hear(payout.ref, payout.state)

    def hear(self, ref: str, state: PayoutState) -> None:
        if state in (PayoutState.SENT, PayoutState.PAID) and self.dice.random() < 0.3:
            services.mark_bounced(payout_ref=ref, reason="no such account", by="per_a", at=self.at)
        elif state is PayoutState.SENT:
            services.confirm_paid(payout_ref=ref, by="per_a", at=self.at)

    def step(self) -> None:
        acts: list[Callable[[], None]] = [
            self.earn,
            self.earn,
            self.undo,
            self.adjust,
            self.make,
            self.move,
            self.move,
        ]
        self.dice.choice(acts)()
        self.at += timedelta(hours=self.dice.choice((1, 5, 30)))


@pytest.mark.parametrize("seed", range(3))
def test_at_every_moment_the_lines_are_the_account(seed: int, at: datetime) -> None:
    account(at=at)
    trade = Trade(seed, at)
    for _step in range(60):
        trade.step()
        assert queries.payout_problems() == []
    assert ledger.problems() == queries.problems() == []
    moments = [at + days(number) for number in range(1, 30)]
    for moment in moments:
        balance = queries.balance_at("mer_a", unit="EUR", at=moment)
        assert balance == queries.booked_at("mer_a", unit="EUR", at=moment), moment
    # and from one of them to the next by the lines between
    for starts_at, ends_at in pairwise(moments):
        found = queries.lines("mer_a", unit="EUR", starts_at=starts_at, ends_at=ends_at)
        moved = sum((line.amount for line in found), Money(0, "EUR"))
        opening = queries.balance_at("mer_a", unit="EUR", at=starts_at)
        assert queries.balance_at("mer_a", unit="EUR", at=ends_at) == opening + moved
    for payout in queries.payouts_of("mer_a"):
        if payout.sent_at:
            total = sum((line.amount for line in queries.lines_of_payout(payout.ref)), Money(0, "EUR"))
            assert total == payout.amount


def test_a_unit_undone_after_its_payout_stands_on_the_next_one(at: datetime) -> None:
    account(at=at)
    reference = earned(1000, at=at)
    (first,) = paid(at=at + days(3))
    services.unsettle(reference=reference, at=at + days(4))
    assert owed() == euros(-1000)
    earned(1500, at=at + days(4))
    (second,) = queries.payouts_of_batch(sent(at=at + days(8)).ref)
    lines = [(line.kind, line.amount, line.commission) for line in queries.lines_of_payout(second.ref)]
    assert lines == [
        (LineKind.REDEEMED, euros(1500), euros(200)),
        (LineKind.UNDONE, euros(-1000), euros(-200)),
    ]
    assert second.amount == euros(500)
    assert queries.kept_of([first.ref, second.ref]) == {
        first.ref: (euros(1200), euros(200)),
        second.ref: (euros(500), euros(0)),
    }
    assert queries.lines_of_payout("pyt_none") == []
    assert queries.began_at("mer_a", unit="EUR") == at
    assert queries.began_at("mer_b", unit="EUR") is None
