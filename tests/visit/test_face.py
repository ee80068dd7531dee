"""The signed QR: its text is known, every part of it counts, and it fits."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hutong.kernel.codes import ALPHABET, CODE_LENGTH, check_sum, parse_code
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.rules import face as rules
from hutong.visit.vouchers.types import Hours, VoucherKind
from hutong.visit.vouchers.types.face import Face
from tests.factories import vouchers

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
KEYS = {1: KEY.public_key().public_bytes_raw()}
# The one code whose symbols are all the first of the alphabet: their sum is zero.
CODE = ALPHABET[0] * CODE_LENGTH
FACE = Face(
    key_no=1,
    merchant_ref="mer_01jz00000000000000000000aa",
    voucher_ref="vch_01jz00000000000000000000bb",
    code=CODE,
    title="Lunch for two",
    kind=VoucherKind.CARD,
    uses=10,
    value_minor=1990,
    not_before=datetime(2026, 6, 1, 9, tzinfo=UTC),
    expires_at=datetime(2026, 8, 31, 21, tzinfo=UTC),
    zone="Europe/Helsinki",
    stores=("0a1b2c", "3d4e5f"),
    weekdays=frozenset({1, 5}),
    hours=(Hours(time(11), time(14, 30)), Hours(time(22), time(2))),
    closed=((date(2026, 6, 19), date(2026, 6, 21)),),
    at_once=2,
    a_day=3,
    asks=False,
)
LONGEST = replace(
    FACE,
    title=rules.short("双人豪华午餐套餐含饮料和甜点" * 3),
    stores=("0a1b2c",) * rules.MOST_STORES,
    weekdays=frozenset(range(1, 8)),
    hours=FACE.hours[:1] * 20,
    closed=FACE.closed * 20,
    value_minor=10**12,
)


def test_the_text_is_known() -> None:
    """The signature as any other implementation of RFC 8032 and RFC 4648 makes it from the same bytes."""
    assert check_sum([0] * CODE_LENGTH) == 0
    text = rules.write(FACE, KEY)
    signed, _dot, signature = text.partition(".")
    packed = signed.split(":")[2]
    said = json.loads(base64.b32decode(packed + "=" * (-len(packed) % 8)))
    assert said == [
        1, 1, "mer_01jz00000000000000000000aa", "vch_01jz00000000000000000000bb", "Lunch for two", 1, 10, 1990,
        1780304400, 1788210000, "Europe/Helsinki", "0a1b2c3d4e5f", "15", [660, 870, 1320, 120], [20623, 2], 2, 3, 0,
    ]  # fmt: skip
    assert signature == KNOWN_SIGNATURE


KNOWN_SIGNATURE = (
    "EWUNVGK2QPATRXSGI7UMK2NMN4J2H5QUJ4SE3QUNQPQSTXVSIDKCYODPTDV2RBMJQS3SZG3UG2YDIRDKEL6RQLIVOF6AAHSSGUIYAAY"
)


@pytest.mark.parametrize(
    "face",
    [FACE, replace(FACE, stores=(), weekdays=frozenset(), hours=(), closed=(), at_once=None, a_day=None)],
)
def test_what_is_written_is_read(face: Face) -> None:
    text = rules.write(face, KEY)
    assert rules.read(text, KEYS) == face
    assert parse_code(text) == face.code


CHANGED: dict[str, Any] = {
    "merchant_ref": "mer_01jz00000000000000000000zz",
    "voucher_ref": "vch_01jz00000000000000000000zz",
    "title": "Dinner for two",
    "kind": VoucherKind.PASS,
    "uses": 11,
    "value_minor": 1,
    "not_before": datetime(2026, 5, 1, tzinfo=UTC),
    "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
    "zone": "UTC",
    "stores": (),
    "weekdays": frozenset(),
    "hours": (),
    "closed": (),
    "at_once": None,
    "a_day": None,
    "asks": True,
    "key_no": 2,
    "code": "A" * 15 + "?",
}


@pytest.mark.parametrize("name", sorted(Face.__dataclass_fields__))
def test_no_field_can_be_changed(name: str) -> None:
    """The old signature under a face that says something else."""
    value = CHANGED[name]
    if name == "code":
        value = next(code for symbol in ALPHABET if (code := parse_code("A" * 15 + symbol)) is not None)
    forged = rules.write(replace(FACE, **{name: value}), OTHER).partition(".")[0]
    signature = rules.write(FACE, KEY).partition(".")[2]
    assert rules.read(f"{forged}.{signature}", {**KEYS, 2: KEYS[1]}) is None


def test_no_symbol_can_be_changed() -> None:
    text, chance = rules.write(FACE, KEY), random.Random(12)
    # The last symbol holds bits that no byte needs; all others count.
    for place in range(len(text) - 1):
        other = chance.choice([symbol for symbol in ALPHABET + ":.%" if symbol != text[place]])
        assert rules.read(text[:place] + other + text[place + 1 :], KEYS) is None, place
    for cut in range(len(text) - 1):
        assert rules.read(text[:cut], KEYS) is None


def test_only_our_keys_sign() -> None:
    assert rules.read(rules.write(FACE, OTHER), KEYS) is None
    second = rules.write(replace(FACE, key_no=2), OTHER)
    assert rules.read(second, KEYS) is None
    both = {**KEYS, 2: OTHER.public_key().public_bytes_raw()}
    assert rules.read(second, both) == replace(FACE, key_no=2)
    assert rules.read(rules.write(FACE, KEY), both) == FACE


@pytest.mark.parametrize(
    "text",
    ["", ".", "HUTONG:", f"HUTONG:{CODE}", f"HUTONG:{CODE}:.", f"HUTONG:{CODE}:AA.AA", "HUTONG::" + "A" * 700,
     f"HUTONG:{CODE}:{base64.b32encode(b'[' * 150).decode()}.AA", f"HUTONG:{CODE}:ÄÄ.ÄÄ"],
)  # fmt: skip
def test_other_texts_are_none_of_ours(text: str) -> None:
    assert rules.read(text, KEYS) is None


def version(text: str) -> int:
    """Of the QR that holds a text at error correction M, all of it in letters and digits."""
    made = segno.make(text, error="m", boost_error=False)
    assert made.mode == "alphanumeric"
    return int(made.version)


def test_it_fits_into_a_qr_that_a_phone_reads() -> None:
    assert version(rules.write(replace(FACE, hours=(), closed=(), weekdays=frozenset()), KEY)) <= 12
    assert version(rules.write(FACE, KEY)) <= 13


def test_terms_that_do_not_fit_are_left_to_the_network() -> None:
    text = rules.write(LONGEST, KEY)
    assert version(text) <= 15
    read = rules.read(text, KEYS)
    assert read == replace(LONGEST, stores=(), hours=(), closed=(), asks=True)


@pytest.mark.django_db
def test_the_voucher_shows_it_and_an_older_key_still_holds(at: datetime, settings: Any) -> None:
    made = vouchers.voucher(weekdays=frozenset({1}), a_day=1)
    (before,) = queries.wallet(made.person, at=at)
    settings.HUTONG_VOUCHER_KEY = 2
    (after,) = queries.wallet(made.person, at=at)
    assert before.qr_text != after.qr_text
    old, new = queries.read_qr(before.qr_text), queries.read_qr(after.qr_text)
    assert old is not None
    assert new == replace(old, key_no=2)
    assert (new.voucher_ref, new.code, new.weekdays, new.a_day) == (made.ref, made.code, frozenset({1}), 1)
    assert (new.not_before, new.expires_at) == (made.row.valid_from, made.row.valid_until)
    assert new.stores == (rules.store_mark(made.store.public_id),)
    settings.HUTONG_VOUCHER_KEY = 1
    assert queries.read_qr(after.qr_text) is None
    settings.SECRET_KEY = "another site's"
    assert queries.read_qr(before.qr_text) is None
