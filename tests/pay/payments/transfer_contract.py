"""What every provider that sends money promises, as tests. A new one subclasses `TransferContract` and gives it a `case`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Transfers
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest
from tests.fakes.providers import transfers


@dataclass(frozen=True)
class TransferCase:
    """One provider that sends money, and its simulator."""

    sender: Transfers
    impatient: Transfers
    """The same, giving up after half a second."""
    unreachable: Transfers
    """The same, at an address where nobody listens."""
    theirs: transfers.Transfers
    """The simulator's own books of what it sent."""
    fault: Callable[..., object]
    """`fault(kind, call=, value=)`: the next call of that name meets it."""
    request: Callable[[], TransferRequest]
    """Another transfer to an account that there is."""
    written: str
    """Its amount as the provider writes it."""
    nobody: str
    """An account that there is none of."""
    no_payee: str
    too_little: str
    other_amount: str
    """The provider's words for these."""


class TransferContract:
    """Subclass with a fixture `case`."""

    def test_money_is_sent_once(self, case: TransferCase) -> None:
        assert isinstance(case.sender, Transfers)
        asked = case.request()
        assert case.sender.query_transfer(transfer_ref=asked.transfer_ref).status is ReportStatus.ABSENT
        sent = [case.sender.transfer(asked) for _again in range(2)]
        assert {(each.status, each.transfer_ref) for each in sent} == {
            (ReportStatus.DONE, asked.transfer_ref)
        }
        assert sent[0].provider_ref == sent[1].provider_ref != ""
        assert case.sender.query_transfer(transfer_ref=asked.transfer_ref) == sent[0]
        with pytest.raises(ProviderRefused) as refused:
            case.sender.transfer(replace(asked, amount=Money(1, asked.amount.unit)))
        assert case.other_amount in refused.value.details["reason"]
        self.sent_once(case, asked)

    @pytest.mark.parametrize(
        ("fault", "known"), [("error_before", ReportStatus.ABSENT), ("error_after", ReportStatus.DONE)]
    )
    def test_a_lost_answer_is_no_answer(self, fault: str, known: ReportStatus, case: TransferCase) -> None:
        asked = case.request()
        case.fault(fault, call="transfer")
        with pytest.raises(OutcomeUnknown):
            case.sender.transfer(asked)
        assert case.sender.query_transfer(transfer_ref=asked.transfer_ref).status is known

    def test_a_late_answer_is_no_answer(self, case: TransferCase) -> None:
        asked = case.request()
        case.fault("timeout_after", call="transfer", value=1.0)
        with pytest.raises(OutcomeUnknown):
            case.impatient.transfer(asked)
        assert case.sender.transfer(asked).status is ReportStatus.DONE
        self.sent_once(case, asked)

    def test_where_nobody_listens_nothing_was_sent(self, case: TransferCase) -> None:
        with pytest.raises(ProviderUnavailable):
            case.unreachable.transfer(case.request())
        with pytest.raises(ProviderUnavailable):
            case.unreachable.query_transfer(transfer_ref="pyt_1")

    def test_an_account_that_there_is_none_of_never_gets_it(self, case: TransferCase) -> None:
        asked = replace(case.request(), account=case.nobody)
        failed = case.sender.transfer(asked)
        assert (failed.status, failed.reason) == (ReportStatus.FAILED, case.no_payee)
        assert case.sender.query_transfer(transfer_ref=asked.transfer_ref).status is ReportStatus.ABSENT

    def test_what_was_in_the_way_is_sent_once_that_is_mended(self, case: TransferCase) -> None:
        asked = case.request()
        case.theirs.refuse = "too_little"
        for _again in range(3):
            with pytest.raises(ProviderRefused) as refused:
                case.sender.transfer(asked)
            assert refused.value.details["reason"].startswith(f"{case.too_little}: ")
        case.theirs.refuse = ""
        assert [case.sender.transfer(asked).status for _again in range(2)] == [ReportStatus.DONE] * 2
        self.sent_once(case, asked)

    @pytest.mark.parametrize("refused_before", [False, True])
    def test_of_many_at_once_one_sends(self, refused_before: bool, case: TransferCase) -> None:
        asked = case.request()
        if refused_before:
            case.theirs.refuse = "too_little"
            with pytest.raises(ProviderRefused):
                case.sender.transfer(asked)
            case.theirs.refuse = ""

        def send(_number: int) -> TransferReport | None:
            try:
                return case.sender.transfer(asked)
            except OutcomeUnknown:
                return None  # another is at it, which is all that the provider says

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(send, range(6)))
        done = {each.provider_ref for each in found if each is not None}
        assert len(done) == 1
        self.sent_once(case, asked)

    def sent_once(self, case: TransferCase, asked: TransferRequest) -> None:
        """The provider's own books have it once, also under no other name."""
        found = [each for ref, each in case.theirs.sent.items() if ref.startswith(asked.transfer_ref)]
        assert [(each.ref, each.amount, each.account) for each in found] == [
            (asked.transfer_ref, case.written, asked.account)
        ]
