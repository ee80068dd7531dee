"""Vouchers that other channels sold are brought in by lists, count against the deal's number, and are good once."""

from __future__ import annotations

import gzip
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hutong.flows import books, import_vouchers, redeem
from hutong.flows.import_vouchers import bring_in, read_list
from hutong.kernel.errors import Forbidden, NotFound, TooMany
from hutong.kernel.money import Money
from hutong.kernel.rows import execute, scalar
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.town.merchants.types import Role
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.services import CapacityTooSmall, SoldOut, set_capacity
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers import services
from hutong.visit.vouchers.types import VoucherKind, VoucherState
from hutong.visit.vouchers.types.channels import ListedAs, ListedCode, RowFault
from hutong.web.merchant.channels import FAULTS
from tests.factories import merchants, people
from tests.factories.channels import CHANNEL, brought, manager
from tests.factories.loop import Scene, scene
from tests.factories.vouchers import promise

pytestmark = pytest.mark.django_db
ROWS = 50_000


def listed(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """A file with this text."""
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def elsewhere(shop: Scene) -> int:
    """What the stock says that others sold."""
    return stock_of([shop.offer.public_id])[shop.offer.public_id].elsewhere


def problems(shop: Scene) -> tuple[str, ...]:
    """What the books find."""
    return books.check(at=shop.at, ask_providers=False).problems


def test_a_list_of_50_000_with_doubles(at: datetime) -> None:
    shop = scene(at=at, capacity=60_000)
    rows = [f"{number:012d}" for number in range(ROWS)]
    # Each tenth stands there twice, the second time written in another way.
    doubled = [f"{row[:4]} {row[4:8]}-{row[8:]}" for row in rows[::10]]
    done = brought(shop, *rows, *doubled)
    assert (done.new, done.unchanged, done.bad_rows) == (ROWS, 0, len(doubled))
    kept = vouchers.channel_import(done.import_ref, shop.merchant.pk, at=at)
    assert kept is not None
    assert (kept.rows, kept.ready, len(kept.bad)) == (ROWS + len(doubled), ROWS, 200)
    assert {(row.fault, row.line) for row in kept.bad} == {
        (RowFault.DOUBLE, ROWS + 2 + number) for number in range(200)
    }
    again = brought(shop, *rows, *doubled)
    assert (again.new, again.unchanged, again.bad_rows) == (0, ROWS, len(doubled))
    assert scalar("SELECT count(*) FROM vouchers_channelvoucher") == elsewhere(shop) == ROWS
    assert shop.scan(rows[-1]).channel == CHANNEL
    assert problems(shop) == ()


def test_what_is_sold_elsewhere_counts_against_the_number(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    shop.bought(quantity=2)
    with pytest.raises(import_vouchers.MoreThanLeft) as refused:
        brought(shop, "AAAA1111", "AAAA2222", "AAAA3333", "AAAA4444")
    assert (refused.value.details["wanted"], refused.value.details["left"]) == (4, 3)
    assert scalar("SELECT count(*) FROM vouchers_channelvoucher") == elsewhere(shop) == 0
    brought(shop, "AAAA1111", "AAAA2222", "AAAA3333")
    with pytest.raises(SoldOut):
        shop.order()
    with pytest.raises(CapacityTooSmall) as small:
        set_capacity(offer_ref=shop.offer.public_id, capacity=4, by="per_test", at=at)
    assert small.value.details["taken"] == 5
    stock = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert (stock.sold, stock.elsewhere, stock.left) == (2, 3, 0)
    assert problems(shop) == ()


def test_it_is_good_once_and_moves_no_money(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "LG-1234-abcd-0O1I")
    done = shop.scan("lg 1234 ABCD 0o1i", nonce="first scan")
    assert (done.channel, done.titles, done.uses_left) == (CHANNEL, shop.offer.titles, 0)
    assert (done.order_ref, done.person_ref, done.spent_units) == ("", "", ())
    again = shop.scan("LG1234ABCD0O1I", nonce="first scan")
    assert (again.redemption_ref, again.replay) == (done.redemption_ref, True)
    with pytest.raises(services.VoucherAlreadyUsed) as used:
        shop.scan("LG1234ABCD0O1I", at=at + timedelta(minutes=1))
    assert (used.value.details["used_at"], used.value.details["store_ref"]) == (at, shop.store.public_id)
    for kind in (AccountKind.UNREDEEMED, AccountKind.PAYABLE):
        assert balance(kind, shop.merchant.public_id, "EUR") == Money(0, "EUR")
    (line,) = vouchers.today([shop.store.pk], starts_at=at, ends_at=at + timedelta(hours=1))
    assert (line.channel, line.redemption_ref, line.unit_ref) == (CHANNEL, done.redemption_ref, "")
    assert problems(shop) == ()


def test_a_nonce_names_one_voucher(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "AAAA1111", "AAAA2222")
    shop.scan("AAAA1111", nonce="one scan")
    with pytest.raises(services.NonceReused):
        shop.scan("AAAA2222", nonce="one scan")
    assert shop.scan("AAAA2222", nonce="another").uses_left == 0


def test_a_scan_is_undone_in_its_window(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "AAAA1111")
    device = redeem.actor_for(device_ref=shop.device.public_id)
    done = shop.scan("AAAA1111")
    other = redeem.actor_for(device_ref=merchants.device(store=shop.store).public_id)
    with pytest.raises(NotFound):
        redeem.undo(redemption_ref=done.redemption_ref, actor=other, at=at)
    undone = redeem.undo(redemption_ref=done.redemption_ref, actor=device, at=at)
    assert (undone.voucher_state, undone.replay) == (VoucherState.READY, False)
    assert redeem.undo(redemption_ref=done.redemption_ref, actor=device, at=at).replay
    again = shop.scan("AAAA1111", at=at + timedelta(minutes=1))
    with pytest.raises(services.UndoTooLate):
        redeem.undo(redemption_ref=again.redemption_ref, actor=device, at=at + timedelta(minutes=17))
    assert problems(shop) == ()


def test_undone_ten_times_at_most(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "AAAA1111")
    device = redeem.actor_for(device_ref=shop.device.public_id)
    for _round in range(10):
        redeem.undo(redemption_ref=shop.scan("AAAA1111").redemption_ref, actor=device, at=at)
    last = shop.scan("AAAA1111")
    with pytest.raises(services.UndoTooOften):
        redeem.undo(redemption_ref=last.redemption_ref, actor=device, at=at)


def test_the_terms_of_its_deal_hold(at: datetime) -> None:
    shop = scene(at=at)
    promise(shop.offer.public_id, at=at, weekdays=frozenset({2}))
    brought(shop, "AAAA1111")
    with pytest.raises(services.TermsRefuse) as refused:
        shop.scan("AAAA1111")
    assert refused.value.details["reason"] == "weekday"
    assert scalar("SELECT state FROM vouchers_channelvoucher") == "ready"
    assert shop.scan("AAAA1111", at=at + timedelta(days=1)).uses_left == 0


def test_a_cash_voucher_asks_for_the_bill(at: datetime) -> None:
    shop = scene(at=at)
    euros = [Money(minor, "EUR") for minor in (2500, 3000, 2999)]
    promise(shop.offer.public_id, at=at, kind=VoucherKind.CASH, face=euros[0], least_bill=euros[1])
    brought(shop, "AAAA1111")
    device = redeem.actor_for(device_ref=shop.device.public_id)
    prepared = redeem.prepare(code="AAAA1111", actor=device, address="127.0.0.1", at=at)
    assert (prepared.asks, prepared.channel, prepared.most) == (True, CHANNEL, 1)
    for bill, works in ((euros[2], False), (euros[1], True)):
        wanted = redeem.Wanted(code="AAAA1111", bill=bill)
        if works:
            redeem.redeem(wanted=wanted, actor=device, nonce="large bill", address="127.0.0.1", at=at)
        else:
            with pytest.raises(services.TermsRefuse):
                redeem.redeem(wanted=wanted, actor=device, nonce="small bill", address="127.0.0.1", at=at)
    assert scalar("SELECT bill FROM vouchers_channelredemption") == 3000


def test_only_its_last_day_counts_where_the_list_says_one(at: datetime) -> None:
    shop = scene(at=at)
    done = brought(
        shop,
        "AAAA1111,2026-06-02",
        "AAAA2222,2. 6. 2026",
        "AAAA3333,2026-05-31",
        "AAAA4444,2099-01-01",
        "AAAA5555,",
        "AAAA6666,03.06.2026",
        header="code,valid_until",
    )
    kept = vouchers.channel_import(done.import_ref, shop.merchant.pk, at=at)
    assert kept is not None
    assert [(row.line, row.fault) for row in kept.bad] == [
        (3, RowFault.DAY),
        (4, RowFault.ENDED),
        (5, RowFault.ENDED),
    ]
    # Its last moment is the midnight of the shop's clock, which is 21:00 in UTC.
    last = datetime.fromisoformat("2026-06-02T20:59:00+00:00")
    with pytest.raises(services.VoucherExpired):
        shop.scan("AAAA1111", at=last + timedelta(minutes=1))
    shop.scan("AAAA1111", at=last)
    shop.scan("AAAA6666", at=last + timedelta(minutes=1))
    shop.scan("AAAA5555", at=last + timedelta(days=30))


def test_what_the_channel_took_back_is_good_no_longer(at: datetime) -> None:
    shop = scene(at=at, capacity=3)
    brought(shop, "AAAA1111,sold", "AAAA2222,sold", "AAAA3333,sold", header="code,status")
    shop.scan("AAAA3333")
    done = brought(shop, "AAAA1111,Refunded", "AAAA2222,sold", "AAAA3333,refunded", header="code,status")
    assert (done.gone, done.unchanged, done.bad_rows) == (1, 1, 1)
    kept = vouchers.channel_import(done.import_ref, shop.merchant.pk, at=at)
    assert kept is not None
    assert [(row.line, row.ending, row.fault) for row in kept.bad] == [(4, "3333", RowFault.USED_HERE)]
    assert elsewhere(shop) == 2
    with pytest.raises(services.VoucherGone) as gone:
        shop.scan("AAAA1111")
    assert gone.value.details["channel"] == CHANNEL
    # The channel knows that it was used here: no contradiction. And what it sold again is good again.
    done = brought(shop, "AAAA3333,redeemed", "AAAA1111,已售", header="券码,状态")
    assert (done.new, done.unchanged, done.bad_rows) == (1, 1, 0)
    shop.scan("AAAA1111")
    assert problems(shop) == ()


def test_of_two_rows_that_contradict_each_other_nobody_is_served_twice(tmp_path: Path) -> None:
    for rows in ("AAAA1111,sold\nAAAA1111,refunded", "AAAA1111,refunded\nAAAA1111,sold"):
        found, bad = read_list(listed(tmp_path, f"code,status\n{rows}"))
        assert found == [ListedCode(2, "AAAA1111", ListedAs.GIVEN_BACK)]
        assert [(row.line, row.fault) for row in bad] == [(3, RowFault.DOUBLE)]


def test_rows_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    rows = [
        "1.23457E+11,sold",
        "short,sold",
        "AAAA1111,perhaps",
        '"AAAA2222,sold',
        "AAAA3333,sold,too many",
        '="00012345",sold',
        "ＡＡＡＡ４４４４,SOLD",
    ]
    found, bad = read_list(listed(tmp_path, "\n".join(["code,status", *rows])))
    assert [one.code for one in found] == ["00012345", "AAAA4444"]
    assert [(row.line, row.fault) for row in bad] == [
        (2, RowFault.SHORTENED),
        (3, RowFault.CODE),
        (4, RowFault.STATE),
        (5, RowFault.BROKEN),
        (6, RowFault.BROKEN),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_lists_of_chinese_platforms_are_read(tmp_path: Path, encoding: str) -> None:
    text = "券码\t状态\t有效期至\n123456789012\t未使用\t2026年12月31日\n123456789013\t已退款\t\n"
    found, bad = read_list(listed(tmp_path, text, encoding=encoding))
    assert bad == []
    assert [(one.code, one.said) for one in found] == [
        ("123456789012", ListedAs.GOOD),
        ("123456789013", ListedAs.GIVEN_BACK),
    ]
    assert str(found[0].last_on) == "2026-12-31"


def test_files_that_are_no_list_are_refused_whole(at: datetime, tmp_path: Path) -> None:
    shop = scene(at=at)
    for text, refused in (
        ("name,price\nLunch,12", import_vouchers.CodesMissing),
        ("code\n", import_vouchers.NoRows),
        ("code\nshort\n", import_vouchers.NoRows),
        ("", import_vouchers.ListNotText),
        ("PK\x03\x04zipped", import_vouchers.ListNotText),
    ):
        with pytest.raises(refused):
            bring_in(
                listed(tmp_path, text),
                offer_ref=shop.offer.public_id,
                channel=CHANNEL,
                merchant_ref=shop.merchant.public_id,
                by=manager(shop),
                at=at,
            )
    assert scalar("SELECT count(*) FROM vouchers_channelimport") == 0


def test_a_packed_list_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(b"code\nAAAA1111\n"))
    with pytest.raises(import_vouchers.ListNotText):
        read_list(path)


def test_a_list_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_vouchers, "MOST_ROWS", 3)
    assert len(read_list(listed(tmp_path, "code\nAAAA1111\nAAAA2222\nAAAA3333"))[0]) == 3
    with pytest.raises(import_vouchers.ListTooLong):
        read_list(listed(tmp_path, "code\nAAAA1111\nAAAA2222\nAAAA3333\nAAAA4444"))


def test_deals_with_more_to_remember_are_refused(at: datetime) -> None:
    shop = scene(at=at)
    promise(shop.offer.public_id, at=at, kind=VoucherKind.CARD, uses=3)
    with pytest.raises(import_vouchers.DealNotOfOneUse):
        brought(shop, "AAAA1111")


def test_codes_are_the_shops_own(at: datetime) -> None:
    shop, other = scene(at=at), scene(at=at)
    brought(shop, "AAAA1111")
    with pytest.raises(services.CodeMistyped):
        other.scan("AAAA1111")  # it has none of its own: the answer is that of any wrong code
    brought(other, "BBBB1111")
    with pytest.raises(services.VoucherUnknown):
        other.scan("AAAA1111")
    brought(other, "AAAA1111")
    shop.scan("AAAA1111")
    other.scan("AAAA1111")


def test_a_code_of_two_channels_stays_with_the_first(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "AAAA1111")
    done = brought(shop, "AAAA1111", "AAAA2222", channel="Other")
    kept = vouchers.channel_import(done.import_ref, shop.merchant.pk, at=at)
    assert kept is not None
    assert (done.new, [(row.line, row.fault) for row in kept.bad]) == (1, [(2, RowFault.ALSO_ELSEWHERE)])
    assert shop.scan("AAAA1111").channel == CHANNEL


def test_guessing_is_stopped(at: datetime) -> None:
    shop = scene(at=at)
    brought(shop, "123456789012")
    with pytest.raises(TooMany):
        for number in range(20):
            with pytest.raises(services.VoucherUnknown):
                shop.scan(f"99999999{number:04d}")


def test_our_own_code_mistyped_is_no_guess(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    brought(shop, "123456789012")
    wrong = voucher.code[:-1] + ("2" if voucher.code[-1] != "2" else "3")
    for _time in range(20):
        with pytest.raises(services.CodeMistyped):
            shop.scan(wrong)
    assert shop.scan(voucher.code).channel == ""


def test_a_list_is_taken_back(at: datetime) -> None:
    shop = scene(at=at, capacity=3)
    by = manager(shop)
    done = brought(shop, "AAAA1111", "AAAA2222", "AAAA3333")
    shop.scan("AAAA1111")
    assert (
        import_vouchers.take_back(
            import_ref=done.import_ref, merchant_ref=shop.merchant.public_id, by=by, at=at
        )
        == 2
    )
    assert elsewhere(shop) == 1
    with pytest.raises(import_vouchers.ImportTakenBack):
        import_vouchers.take_back(
            import_ref=done.import_ref, merchant_ref=shop.merchant.public_id, by=by, at=at
        )
    with pytest.raises(services.VoucherGone):
        shop.scan("AAAA2222")
    assert brought(shop, "AAAA1111", "AAAA2222", "AAAA3333").new == 2
    shop.scan("AAAA2222")
    assert problems(shop) == ()


def test_only_who_may_change_deals_brings_in_and_takes_back(at: datetime, tmp_path: Path) -> None:
    shop, other = scene(at=at), scene(at=at)
    cashier = people.person()
    merchants.staff(merchant=shop.merchant, person=cashier, role=Role.CASHIER)
    done = brought(shop, "AAAA1111")
    path = listed(tmp_path, "code\nAAAA2222")
    for by, merchant, refused in (
        (cashier, shop.merchant, Forbidden),
        (manager(other), shop.merchant, Forbidden),
        (manager(other), other.merchant, NotFound),
    ):
        with pytest.raises(refused):
            bring_in(
                path,
                offer_ref=shop.offer.public_id,
                channel=CHANNEL,
                merchant_ref=merchant.public_id,
                by=by,
                at=at,
            )
        with pytest.raises(refused):
            import_vouchers.take_back(
                import_ref=done.import_ref, merchant_ref=merchant.public_id, by=by, at=at
            )


@pytest.mark.unbalanced("it is broken on purpose")
def test_the_books_notice(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    brought(shop, "AAAA1111", "AAAA2222")
    shop.scan("AAAA1111")
    execute("UPDATE stock_stock SET elsewhere = 3")
    execute("UPDATE vouchers_channelvoucher SET state = 'used'")
    found = problems(shop)
    assert any("elsewhere 3, vouchers of channels say 2" in each for each in found)
    assert any("is used, and 0 redemptions of it stand" in each for each in found)


def test_the_example_of_the_howto(at: datetime) -> None:
    text = (Path(__file__).parents[2] / "docs/howto/vouchers-of-other-channels.md").read_text()
    header, *rows = text.partition("```csv\n")[2].partition("\n```")[0].splitlines()
    shop = scene(at=at)
    done = brought(shop, *rows, header=header)
    kept = vouchers.channel_import(done.import_ref, shop.merchant.pk, at=at)
    assert kept is not None
    assert (done.new, done.unchanged) == (2, 1)
    told = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert [(str(row.line), str(FAULTS[row.fault])) for row in kept.bad] == told
    assert shop.scan("000123456789").channel == CHANNEL
