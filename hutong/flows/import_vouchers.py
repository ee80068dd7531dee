"""Vouchers that another channel sold: its list is read whole, then all of it holds here, or nothing does.

They count against the deal's number and are redeemed at the same scanner. No money of them moves here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows.import_csv.source import source_of
from hutong.flows.import_csv.table import Row, header_of, rows_of
from hutong.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from hutong.kernel.locking import retrying
from hutong.kernel.text import fold
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.catalog.types import OfferState, OfferView
from hutong.town.merchants.models import Merchant
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from hutong.visit.stock.services import SoldOut
from hutong.visit.vouchers import queries as vouchers_read
from hutong.visit.vouchers import services as vouchers
from hutong.visit.vouchers.rules.channels import KINDS, channel_code, is_shortened
from hutong.visit.vouchers.services import ImportTakenBack
from hutong.visit.vouchers.types.channels import BadRow, Brought, ListedAs, ListedCode, RowFault

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "ImportTakenBack",
    "ListTooHeavy",
    "MoreThanLeft",
    "bring_in",
    "deals_for_channels",
    "read_list",
    "take_back",
]

MOST_ROWS = 100_000
MOST_BYTES = 10 * 1024 * 1024
_PACKED = b"\x1f\x8b"
# How columns and states are called in the lists of channels; the first column that is there is read.
COLUMNS = {
    "code": (
        *("code", "voucher", "voucher_code", "coupon", "coupon_code", "redemption_code", "barcode"),
        *("券码", "券号", "验证码"),
    ),
    "until": (
        *("valid_until", "expires", "expiry", "expires_at", "expiration_date", "end_date"),
        *("有效期至", "到期日", "有效期"),
    ),
    "state": ("state", "status", "状态"),
}
_GOOD = {
    "", "active", "available", "issued", "open", "paid", "ready", "sold", "unredeemed", "unused", "valid",
    "已支付", "已售", "待使用", "未使用", "未核销", "有效",
}  # fmt: skip
_OVER = {"expired", "redeemed", "used", "已使用", "已核销", "已过期"}
_GIVEN_BACK = {
    "canceled",
    "cancelled",
    "refunded",
    "returned",
    "void",
    "voided",
    "已作废",
    "已取消",
    "已退款",
}
_SAID = {
    **dict.fromkeys(_GOOD, ListedAs.GOOD),
    **dict.fromkeys(_OVER, ListedAs.OVER),
    **dict.fromkeys(_GIVEN_BACK, ListedAs.GIVEN_BACK),
}
_APPROVED = (OfferState.LIVE, OfferState.PAUSED, OfferState.ENDED)
_DAYS = (
    re.compile(r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?(?:[T ].*)?"),
    # As it is written where the day comes first; with slashes nobody knows which number is the month.
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?: .*)?"),
)


class CodesMissing(Invalid):
    """A list without a column of codes; `columns` are those it has."""

    code = "channel_codes_missing"
    message = _(
        "The list has no column of codes; its columns are: %(columns)s. Call the one with the codes “code”."
    )


class ListTooLong(Invalid):
    """More rows than one list may have, `most`."""

    code = "channel_list_too_long"
    message = _("The list has more than %(most)s rows. Please bring it in in parts.")


class ListNotText(Invalid):
    """The file is no table in plain text."""

    code = "channel_list_not_text"
    message = _("This file is no table in plain text. Save it as CSV (UTF-8) in the program that made it.")


class ListTooHeavy(Invalid):
    """A file with more bytes than are read."""

    code = "channel_list_too_heavy"
    status = 413
    message = _("The list has more than 10 MB. Please bring it in in parts.")


class NoRows(Invalid):
    """A list of which no row can be brought in."""

    code = "channel_list_nothing"
    message = _("Nothing in this list is a code. Look at its first rows: is the column “code” filled?")


class DealNotOfOneUse(Conflict):
    """Deals whose vouchers have more to remember than one use, or were never approved."""

    code = "channel_deal_not_of_one_use"
    message = _("Vouchers of another channel are for an approved deal with one use. Choose another deal.")


class MoreThanLeft(Conflict):
    """The list brings `wanted` vouchers, and `left` are left of the deal."""

    code = "channel_more_than_left"
    message = _(
        "The list brings %(wanted)s vouchers, and only %(left)s are left of the deal. Nothing was brought in. "
        "Raise the number of the deal, or bring in fewer."
    )


def bring_in(
    path: Path, *, offer_ref: str, channel: str, merchant_ref: str, by: Person, at: datetime
) -> Brought:
    """Make the codes of a channel's list (CSV in any common encoding) good for a deal of this merchant; all or nothing.

    Columns are found by their names (`COLUMNS`). Doubles in the list count once, codes that are here already stay as
    they are, codes whose state says that they are gone are good no longer. Each row that brought nothing is counted,
    and the first ones are kept with the list. What is new counts against the deal's number like any sale.

    Raises `NotFound`, `Forbidden`, `DealNotOfOneUse`, `CodesMissing`, `ListTooLong`, `NoRows`, `MoreThanLeft`, and what
    `import_csv.source` raises for a file that is no table.
    """
    channel = " ".join(channel.split())[:40]
    offer = _offer(offer_ref, merchant_ref, by)
    listed, bad = read_list(path)
    if not listed:
        raise NoRows
    return _bring_in(listed, bad, offer, channel, by, at)


@retrying
def _bring_in(
    listed: Sequence[ListedCode],
    bad: Sequence[BadRow],
    offer: OfferView,
    channel: str,
    by: Person,
    at: datetime,
) -> Brought:
    what = vouchers.SoldFor(
        merchant=Merchant.objects.get(pk=offer.merchant_id),
        offer_ref=offer.ref,
        channel=channel,
        titles=offer.titles,
        terms=vouchers_read.terms_of(offer.ref),
        store_ids=[store.store_id for store in offer.stores],
        zone=offer.stores[0].zone,
    )
    with transaction.atomic():
        brought = vouchers.bring(what, listed=listed, bad=bad, by=by, at=at)
        if brought.gone:
            stock.give_back_elsewhere(offer_ref=offer.ref, quantity=brought.gone)
        if brought.new:
            try:
                stock.take_elsewhere(offer_ref=offer.ref, quantity=brought.new, by=by.public_id, at=at)
            except SoldOut as error:
                raise MoreThanLeft(wanted=brought.new, left=error.details["left"]) from error
    return brought


@retrying
def take_back(*, import_ref: str, merchant_ref: str, by: Person, at: datetime) -> int:
    """Undo a list: what it brought and nobody used is good no longer, and free to be sold; how many.

    Raises `NotFound`, `Forbidden`, and `ImportTakenBack` the second time.
    """
    _require_right(by, merchant_ref)
    with transaction.atomic():
        offer_ref, number = vouchers.take_back_import(
            import_ref=import_ref, merchant_ref=merchant_ref, by=by, at=at
        )
        if number:
            stock.give_back_elsewhere(offer_ref=offer_ref, quantity=number)
    return number


def read_list(path: Path) -> tuple[list[ListedCode], list[BadRow]]:
    """The codes of a list, each once, and the rows that cannot be used. Raises what `bring_in` says of files."""
    with path.open("rb") as file:
        if file.read(2) == _PACKED:  # what is small here may be without end there
            raise ListNotText
    try:
        source = source_of(path)
    except DomainError as error:  # it names the file, which only the command line's user knows
        raise ListNotText from error
    header, delimiter = header_of(source)
    places = _places(header)
    listed: dict[str, ListedCode] = {}
    bad: list[BadRow] = []
    for number, row in enumerate(rows_of(source, len(header), delimiter)):
        if number >= MOST_ROWS:
            raise ListTooLong(most=MOST_ROWS)
        found = _read(row, places)
        if isinstance(found, BadRow):
            bad.append(found)
        elif found.code in listed:
            bad.append(BadRow(found.line, found.code[-4:], RowFault.DOUBLE))
            # Of two rows that contradict each other the one counts by which nobody is served twice.
            if listed[found.code].said is ListedAs.GOOD:
                listed[found.code] = replace(found, line=listed[found.code].line)
        else:
            listed[found.code] = found
    return list(listed.values()), bad


def _places(header: Sequence[str]) -> dict[str, int]:
    names = {
        fold(name).replace(" ", "_").replace("-", "_"): place
        for place, name in reversed(list(enumerate(header)))
    }
    places = {
        field: names[one] for field, known in COLUMNS.items() for one in reversed(known) if one in names
    }
    if "code" not in places:
        raise CodesMissing(columns=", ".join(header)[:200])
    return places


def _read(row: Row, places: dict[str, int]) -> ListedCode | BadRow:
    if row.fault:
        return BadRow(row.line, "", RowFault.BROKEN)
    said = {field: row.cells[place].strip() for field, place in places.items()}
    code = channel_code(said["code"])
    if code is None:
        shortened = is_shortened(said["code"])
        return BadRow(row.line, said["code"][-4:], RowFault.SHORTENED if shortened else RowFault.CODE)
    state = _SAID.get(said.get("state", "").casefold())
    if state is None:
        return BadRow(row.line, code[-4:], RowFault.STATE)
    if state is not ListedAs.GOOD:
        return ListedCode(row.line, code, state)
    if not said.get("until"):
        return ListedCode(row.line, code)
    last_on = _day(said["until"])
    return (
        BadRow(row.line, code[-4:], RowFault.DAY)
        if last_on is None
        else ListedCode(row.line, code, last_on=last_on)
    )


def _day(written: str) -> date | None:
    for form in _DAYS:
        found = form.fullmatch(written)
        if found:
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                return None
    return None


def _offer(offer_ref: str, merchant_ref: str, by: Person) -> OfferView:
    offer = offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != merchant_ref:
        raise NotFound
    _require_right(by, merchant_ref)
    if not takes_channels(offer):
        raise DealNotOfOneUse
    return offer


def _require_right(by: Person, merchant_ref: str) -> None:
    if not by.is_operator and not has_right(by, Right.EDIT_DEALS, merchant_ref):
        raise Forbidden


def takes_channels(offer: OfferView) -> bool:
    """Whether vouchers of other channels can be brought in for a deal: it was approved, and has one use."""
    return bool(deals_for_channels([offer]))


def deals_for_channels(offers: Iterable[OfferView]) -> list[OfferView]:
    """Those of the deals for which vouchers of other channels can be brought in; one statement."""
    approved = [offer for offer in offers if offer.stores and offer.state in _APPROVED]
    terms = vouchers_read.terms_of_all([offer.ref for offer in approved])
    return [offer for offer in approved if terms[offer.ref].kind in KINDS and terms[offer.ref].uses == 1]
