"""Files that a bank takes: a table for any currency, and a SEPA credit transfer (ISO 20022 pain.001.001.09) in euros."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree

from pypinyin import lazy_pinyin

from hutong.kernel.money import Money
from hutong.pay.settlement.types import PayoutView

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_LEFT_OUT = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True)
class Payer:
    """The account that payouts are taken from."""

    name: str
    iban: str
    bic: str


class NotForSepa(ValueError):
    """A credit transfer of this area is in euros, and from an IBAN to an IBAN."""


def reference(ref: str) -> str:
    """A public id as banks allow it: no underscore, at most 35 signs."""
    return ref.replace("_", "-")[:35]


def latin(text: str, limit: int = 70) -> str:
    """A text in the letters every bank of the area takes (EPC217-08): Chinese by its sound, no accents."""
    spelled = " ".join(lazy_pinyin(text)) if not text.isascii() else text
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(letter)
    )
    return " ".join(_LEFT_OUT.sub(" ", plain).split())[:limit] or "-"


def fits_sepa(payout: PayoutView) -> bool:
    """Whether a payout can stand in the XML file."""
    return payout.amount.unit == "EUR" and bool(payout.details.iban)


def table(payouts: Sequence[PayoutView], *, purpose: str) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table; amounts in major units with a point, as programs read them."""
    heads = [
        "reference",
        "holder",
        "country",
        "iban",
        "account_number",
        "bank_code",
        "bic",
        "amount",
        "currency",
    ]
    lines = [
        [
            reference(each.ref),
            each.details.holder,
            each.details.country,
            each.details.iban,
            each.details.account_number,
            each.details.bank_code or (each.details.kind.value.upper() if not each.details.iban else ""),
            each.details.bic,
            each.amount.major_text,
            each.amount.unit,
            purpose,
        ]
        for each in payouts
    ]
    return [*heads, "purpose"], lines


def credit_transfer(
    payouts: Sequence[PayoutView], *, batch_ref: str, payer: Payer, on: date, at: datetime
) -> bytes:
    """The file of one batch. Made twice it names the same messages, so that a bank takes it once.

    Raises NotForSepa for a payout that is not in euros or goes to no IBAN, and where the payer has none.
    """
    if not payer.iban or not payouts or not all(fits_sepa(each) for each in payouts):
        raise NotForSepa(batch_ref)
    total = sum((each.amount for each in payouts), Money(0, "EUR")).major_text
    document = ElementTree.Element("Document", {"xmlns": NAMESPACE})
    root = ElementTree.SubElement(document, "CstmrCdtTrfInitn")
    head = ElementTree.SubElement(root, "GrpHdr")
    _leaves(
        head,
        ("MsgId", reference(batch_ref)),
        ("CreDtTm", at.isoformat(timespec="seconds")),
        ("NbOfTxs", str(len(payouts))),
        ("CtrlSum", total),
    )
    _leaves(ElementTree.SubElement(head, "InitgPty"), ("Nm", latin(payer.name)))
    info = ElementTree.SubElement(root, "PmtInf")
    _leaves(
        info,
        ("PmtInfId", reference(batch_ref)),
        ("PmtMtd", "TRF"),
        ("NbOfTxs", str(len(payouts))),
        ("CtrlSum", total),
    )
    _nested(info, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _nested(info, "ReqdExctnDt/Dt", on.isoformat())
    _nested(info, "Dbtr/Nm", latin(payer.name))
    _nested(info, "DbtrAcct/Id/IBAN", payer.iban)
    if payer.bic:
        _nested(info, "DbtrAgt/FinInstnId/BICFI", payer.bic)
    else:
        _nested(info, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    _leaves(info, ("ChrgBr", "SLEV"))
    for each in payouts:
        _transfer(info, each)
    ElementTree.indent(document)
    written: bytes = ElementTree.tostring(document, encoding="utf-8", xml_declaration=True)
    return written


def _transfer(info: ElementTree.Element, payout: PayoutView) -> None:
    part = ElementTree.SubElement(info, "CdtTrfTxInf")
    _nested(part, "PmtId/EndToEndId", reference(payout.ref))
    amount = ElementTree.SubElement(
        ElementTree.SubElement(part, "Amt"), "InstdAmt", {"Ccy": payout.amount.unit}
    )
    amount.text = payout.amount.major_text
    if payout.details.bic:
        _nested(part, "CdtrAgt/FinInstnId/BICFI", payout.details.bic)
    _nested(part, "Cdtr/Nm", latin(payout.details.holder))
    _nested(part, "CdtrAcct/Id/IBAN", payout.details.iban)
    _nested(part, "RmtInf/Ustrd", reference(payout.ref))


def _leaves(parent: ElementTree.Element, *leaves: tuple[str, str]) -> None:
    for name, text in leaves:
        ElementTree.SubElement(parent, name).text = text


def _nested(parent: ElementTree.Element, path: str, text: str) -> None:
    """One element inside the other, the innermost with the text."""
    for name in path.split("/"):
        parent = ElementTree.SubElement(parent, name)
    parent.text = text
