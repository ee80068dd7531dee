"""The janitor without what follows from its answers: for tests of what is asked, and of what is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from hutong.pay.payments import services
from hutong.pay.payments.types import PaymentReport, RefundReport, ReportStatus

_ENDED = (ReportStatus.DONE, ReportStatus.FAILED)
_TURNS = 100


@dataclass
class Asked:
    """What has ended, for the test to record."""

    payments: list[PaymentReport] = field(default_factory=list)
    refunds: list[RefundReport] = field(default_factory=list)


def ask_unknown(*, at: datetime) -> Asked:
    """Ask for every payment and refund whose turn has come, each of which has one."""
    asked = Asked()
    for turn in _turns(refunds=False, at=at):
        report = services.ask(payment_ref=turn.ref, at=at)
        asked.payments += [report] if report.status is ReportStatus.DONE else []
        services.end_turn(turn)
    for turn in _turns(refunds=True, at=at):
        back = services.ask_refund(refund_ref=turn.ref, at=at)
        asked.refunds += [back] if back.status in _ENDED else []
        services.end_turn(turn)
    return asked


def _turns(*, refunds: bool, at: datetime) -> Iterator[services.Turn]:
    for _number in range(_TURNS):
        turn = services.take_turn(refunds=refunds, at=at)
        if turn is None:
            return
        yield turn
    raise AssertionError("turns do not end")
