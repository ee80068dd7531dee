"""Money to a merchant's Alipay account: once for each reference, and what is in the way of it told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from alipay import DCAliPay
from cryptography.hazmat.primitives.asymmetric import ec

from hutong.kernel import ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.alipay import certificates
from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.types import ReportStatus, TransferRequest
from tests.fakes.providers.alipay import AlipaySimulator, Keys, certificate
from tests.fakes.sandbox import free_port
from tests.pay.payments.alipay.conftest import Client
from tests.pay.payments.transfer_contract import TransferCase, TransferContract

PAYEE, HOLDER = "kahvila@example.org", "杭州咖啡有限公司"


@pytest.fixture(scope="session")
def papers(alipay_keys: Keys) -> tuple[str, str, str]:
    """The certificates of application and Alipay, and the roots, one of which is not of RSA."""
    own = certificate(alipay_keys.merchant.key, "Ant Class 1")
    theirs = certificate(alipay_keys.alipay.key, "Ant Class 1")
    curve = certificate(ec.generate_private_key(ec.SECP256R1()), "Ant Root E")
    roots = [
        certificate(alipay_keys.alipay.key, "Ant Root A"),
        curve,
        certificate(alipay_keys.alipay.key, "B"),
    ]
    return own, theirs, "\n".join(roots)


@pytest.fixture
def sender(alipay: AlipaySimulator, client: Client, papers: tuple[str, str, str]) -> Iterator[AlipayProvider]:
    """A client with certificates, and one account that money may be sent to."""
    own, theirs, roots = papers
    alipay.certificates = certificates.numbers(application=own, roots=roots)
    alipay.transfers.payees = {PAYEE: HOLDER}
    yield client(app_certificate=own, root_certificates=roots, alipay_public_keys=[theirs])
    alipay.transfers.refuse, alipay.transfers.pending, alipay.certificates = "", False, {}


def request() -> TransferRequest:
    return TransferRequest(ids.new_id("pyt"), Money(179_100, "CNY"), PAYEE, HOLDER, "Payout")


def test_the_numbers_of_certificates_are_those_of_their_own_client(papers: tuple[str, str, str]) -> None:
    own, _theirs, roots = papers
    numbers = certificates.numbers(application=own, roots=roots)
    assert numbers["app_cert_sn"] == DCAliPay.get_cert_sn(own)
    assert numbers["alipay_root_cert_sn"] == DCAliPay.get_root_cert_sn(roots)
    assert numbers["alipay_root_cert_sn"].count("_") == 1
    for wrong in ({"application": "x", "roots": roots}, {"application": own, "roots": ""}):
        with pytest.raises(ProviderRefused):
            certificates.numbers(**wrong)


class TestAlipayTransfers(TransferContract):
    @pytest.fixture
    def case(
        self, alipay: AlipaySimulator, sender: AlipayProvider, client: Client, papers: tuple[str, str, str]
    ) -> TransferCase:
        own, theirs, roots = papers
        certified = {"app_certificate": own, "root_certificates": roots, "alipay_public_keys": [theirs]}
        return TransferCase(
            sender=sender,
            impatient=client(**certified, timeout_s=0.5),
            unreachable=client(**certified, url=f"http://127.0.0.1:{free_port()}/gateway.do"),
            theirs=alipay.transfers,
            fault=alipay.faults.ask,
            request=request,
            written="1791.00",
            nobody="x@y",
            no_payee="PAYEE_NOT_EXIST",
            too_little="PAYER_BALANCE_NOT_ENOUGH",
            other_amount="PAYMENT_INFO_INCONSISTENCY",
        )


def test_it_sends_to_accounts_at_alipay(sender: AlipayProvider) -> None:
    assert sender.transfers_to == {"alipay"}


def test_one_that_takes_its_time_ends_either_way(alipay: AlipaySimulator, sender: AlipayProvider) -> None:
    alipay.transfers.pending = True
    ends = (
        ("SUCCESS", "", ReportStatus.DONE),
        ("FAIL", "PAYEE_ACC_OCUPIED", ReportStatus.FAILED),
        ("REFUND", "", ReportStatus.FAILED),
    )
    for word, why, status in ends:
        asked = request()
        assert sender.transfer(asked).status is ReportStatus.PENDING
        alipay.transfers.end(asked.transfer_ref, word, why)
        ended = sender.query_transfer(transfer_ref=asked.transfer_ref)
        expected = (why or word) if status is ReportStatus.FAILED else ""
        assert (ended.status, ended.reason) == (status, expected)


def test_another_name_or_currency_and_no_certificate(sender: AlipayProvider, client: Client) -> None:
    failed = sender.transfer(replace(request(), holder="x"))
    assert (failed.status, failed.reason) == (ReportStatus.FAILED, "PAYEE_USER_INFO_ERROR")
    with pytest.raises(ProviderRefused) as refused:
        sender.transfer(replace(request(), amount=Money(1, "EUR")))
    assert "CNY only" in refused.value.details["reason"]
    without = client()
    assert without.transfers_to == frozenset()
    with pytest.raises(ProviderRefused) as refused:
        without.transfer(request())
    assert "cert-sn" in refused.value.details["reason"]


def test_their_own_client_sends_as_well(
    alipay: AlipaySimulator, sender: AlipayProvider, papers: tuple[str, str, str]
) -> None:
    assert sender.transfers_to
    own, theirs, roots = papers
    sdk = DCAliPay(
        appid=alipay.app_id,
        app_notify_url=None,
        app_private_key_string=alipay.keys.merchant.private_pem,
        app_public_key_cert_string=own,
        alipay_public_key_cert_string=theirs,
        alipay_root_cert_string=roots,
    )
    sdk._gateway = f"{alipay.url}/gateway.do"
    ref = ids.new_id("pyt")
    said = sdk.api_alipay_fund_trans_uni_transfer(
        ref, "ALIPAY_LOGON_ID", PAYEE, "17.91", HOLDER, order_title="Payout"
    )
    assert (said["status"], said["out_biz_no"]) == ("SUCCESS", ref)
