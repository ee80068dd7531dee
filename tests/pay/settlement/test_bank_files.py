"""What banks are handed: each payout once, with its own reference, the sums right, in letters they take."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import pytest

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.settlement.rules import bank_files
from hutong.pay.settlement.types import BankDetails, PayoutState, PayoutView
from tests.factories.settlement import IBAN, OTHER_IBAN, euros

PAYER = bank_files.Payer("Hutong Käyttö Oy", IBAN, "")
BATCH = "pyb_01m81dbh68eh0rhc0wjxs834j6"


def payout(holder: str, minor: int, at: datetime, *, iban: str = OTHER_IBAN, bic: str = "") -> PayoutView:
    details = BankDetails(
        holder, iban[:2] or "CN", iban, "" if iban else "622202", "" if iban else "CNAPS", bic
    )
    return PayoutView(
        new_id("pyt"), BATCH, "mer_a", euros(minor), PayoutState.SENT, details, at, at, None, None, ""
    )


def text(part: ElementTree.Element, path: str) -> str:
    found = part.findtext("/".join(f"{{{bank_files.NAMESPACE}}}{name}" for name in path.split("/")))
    assert found is not None, path
    return found


def test_a_credit_transfer_names_each_payout_and_adds_up(at: datetime) -> None:
    payouts = [payout("胡同咖啡 Oy", 123_456, at), payout("Café Æ & Ägg", 5, at, bic="COBADEFFXXX")]
    made = bank_files.credit_transfer(payouts, batch_ref=BATCH, payer=PAYER, on=at.date(), at=at)
    (root,) = ElementTree.fromstring(made)
    assert text(root, "GrpHdr/MsgId") == BATCH.replace("_", "-")
    assert text(root, "GrpHdr/CreDtTm") == "2026-06-01T09:00:00+00:00"
    for where in ("GrpHdr", "PmtInf"):
        assert (text(root, f"{where}/NbOfTxs"), text(root, f"{where}/CtrlSum")) == ("2", "1234.61")
    assert text(root, "PmtInf/ReqdExctnDt/Dt") == "2026-06-01"
    assert text(root, "PmtInf/Dbtr/Nm") == "Hutong Kaytto Oy"
    assert text(root, "PmtInf/DbtrAcct/Id/IBAN") == IBAN
    assert text(root, "PmtInf/DbtrAgt/FinInstnId/Othr/Id") == "NOTPROVIDED"
    first, second = root.iter(f"{{{bank_files.NAMESPACE}}}CdtTrfTxInf")
    assert text(first, "PmtId/EndToEndId") == payouts[0].ref.replace("_", "-")
    assert (text(first, "Amt/InstdAmt"), text(first, "Cdtr/Nm")) == ("1234.56", "hu tong ka fei Oy")
    assert text(first, "CdtrAcct/Id/IBAN") == OTHER_IBAN
    assert (text(second, "Amt/InstdAmt"), text(second, "Cdtr/Nm")) == ("0.05", "Cafe Agg")
    assert text(second, "CdtrAgt/FinInstnId/BICFI") == "COBADEFFXXX"
    assert made == bank_files.credit_transfer(payouts, batch_ref=BATCH, payer=PAYER, on=at.date(), at=at)
    for each in root.iter(f"{{{bank_files.NAMESPACE}}}EndToEndId"):
        assert re.fullmatch(r"[a-z0-9-]{1,35}", each.text or "")


def test_what_is_not_for_this_area_is_refused(at: datetime) -> None:
    kroner = replace(payout("Kahvila", 100, at), amount=Money(100, "SEK"))
    elsewhere = payout("Kahvila", 100, at, iban="")
    assert not bank_files.fits_sepa(kroner)
    assert not bank_files.fits_sepa(elsewhere)
    right = payout("Kahvila", 100, at)
    assert bank_files.fits_sepa(right)
    for payouts, payer in (
        ([kroner], PAYER),
        ([right, elsewhere], PAYER),
        ([], PAYER),
        ([right], replace(PAYER, iban="")),
    ):
        with pytest.raises(bank_files.NotForSepa):
            bank_files.credit_transfer(payouts, batch_ref=BATCH, payer=payer, on=at.date(), at=at)


def test_the_table_holds_whatever_a_bank_needs(at: datetime) -> None:
    one = payout("胡同咖啡", 123_450, at, iban="")
    heads, (line,) = bank_files.table([one], purpose="Hutong")
    assert dict(zip(heads, line, strict=True)) == {
        "reference": one.ref.replace("_", "-"),
        "holder": "胡同咖啡",
        "country": "CN",
        "iban": "",
        "account_number": "622202",
        "bank_code": "CNAPS",
        "bic": "",
        "amount": "1234.50",
        "currency": "EUR",
        "purpose": "Hutong",
    }


def test_a_name_that_no_bank_could_write_is_not_left_empty() -> None:
    assert bank_files.latin("☕☕") == "-"
    assert bank_files.latin("a" * 100) == "a" * 70
