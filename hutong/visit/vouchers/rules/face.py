"""The text in the QR of a voucher: packed, signed with Ed25519 (RFC 8032), and read again. Pure.

    HUTONG:<code>:<face>.<signature>

`<face>` is a JSON array in base32 (RFC 4648, without padding), `<signature>` covers every byte before the dot. All of
it is in the alphabet for which a QR needs 5.5 bits a symbol. docs/concepts/offline.md has the table of its fields, and
`frontend/js/offline/face.js` reads the same.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hutong.kernel.codes import QR_PREFIX, parse_code
from hutong.visit.vouchers.types.face import Face
from hutong.visit.vouchers.types.terms import Hours, Terms, VoucherKind

VERSION = 1
# What a QR of version 15 holds at error correction M, in letters and digits.
MOST_SYMBOLS = 600
MOST_TITLE_BYTES = 36
MOST_STORES = 6
_EPOCH = date(1970, 1, 1)
_KINDS = {
    VoucherKind.SINGLE: 0,
    VoucherKind.CARD: 1,
    VoucherKind.CHOICE: 2,
    VoucherKind.CASH: 3,
    VoucherKind.PASS: 4,
}


def store_mark(store_ref: str) -> str:
    """Six symbols that stand for a store: short, and good enough to send a shopper next door."""
    return hashlib.sha256(store_ref.encode()).hexdigest()[:6]


def revoked_mark(voucher_or_code: str) -> str:
    """Twelve symbols that stand for a voucher, or for a code that a voucher had, in the list of those that are over."""
    return hashlib.sha256(voucher_or_code.encode()).hexdigest()[:12]


def short(title: str) -> str:
    """The title as far as it fits, in whole symbols."""
    cut = title.encode()[:MOST_TITLE_BYTES].decode(errors="ignore")
    return cut if cut == title else cut.rstrip() + "…"


def face_of(
    terms: Terms,
    *,
    key_no: int,
    merchant_ref: str,
    voucher_ref: str,
    code: str,
    title: str,
    uses: int,
    value_minor: int,
    not_before: datetime,
    expires_at: datetime,
    store_refs: Iterable[str],
    zone: str,
) -> Face:
    """What the QR of a voucher with these terms says. What has to be chosen or billed is left to the network."""
    stores = tuple(sorted(store_mark(ref) for ref in store_refs))
    return Face(
        key_no=key_no,
        merchant_ref=merchant_ref,
        voucher_ref=voucher_ref,
        code=code,
        title=short(title),
        kind=terms.kind,
        uses=uses,
        value_minor=value_minor,
        not_before=not_before,
        expires_at=expires_at,
        zone=zone,
        stores=stores if len(stores) <= MOST_STORES else (),
        weekdays=terms.weekdays,
        hours=terms.hours,
        closed=tuple((days.first_on, days.last_on) for days in terms.closed),
        at_once=terms.at_once,
        a_day=terms.a_day,
        asks=bool(terms.choices or terms.least_bill),
    )


def write(face: Face, key: Ed25519PrivateKey) -> str:
    """The text of the QR: at most `MOST_SYMBOLS`. Terms that do not fit make it ask the network."""
    text = _signed(face, key)
    if len(text) <= MOST_SYMBOLS:
        return text
    return _signed(replace(face, stores=(), hours=(), closed=(), asks=True), key)


def read(text: str, keys: Mapping[int, bytes]) -> Face | None:
    """The face that one of our `keys` (32 bytes each, by number) signed; None for any other text."""
    signed, dot, signature = text.strip().partition(".")
    code, colon, packed = signed.removeprefix(QR_PREFIX).partition(":")
    if not (dot and colon and signed.startswith(QR_PREFIX)) or len(text) > MOST_SYMBOLS:
        return None
    try:
        said = json.loads(_unpacked(packed))
        version, key_no = said[0], said[1]
        if version != VERSION or key_no not in keys:
            return None
        Ed25519PublicKey.from_public_bytes(keys[key_no]).verify(_unpacked(signature), signed.encode())
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, binascii.Error, InvalidSignature):
        return None
    return _face(said, code) if parse_code(code) == code else None


def _signed(face: Face, key: Ed25519PrivateKey) -> str:
    said = json.dumps(_listed(face), ensure_ascii=False, separators=(",", ":")).encode()
    signed = f"{QR_PREFIX}{face.code}:{_packed(said)}"
    return f"{signed}.{_packed(key.sign(signed.encode()))}"


def _listed(face: Face) -> list[Any]:
    return [
        VERSION,
        face.key_no,
        face.merchant_ref,
        face.voucher_ref,
        face.title,
        _KINDS[face.kind],
        face.uses,
        face.value_minor,
        int(face.not_before.timestamp()),
        int(face.expires_at.timestamp()),
        face.zone,
        "".join(face.stores),
        "".join(str(day) for day in sorted(face.weekdays)),
        [minutes for span in face.hours for minutes in (_minutes(span.opens), _minutes(span.closes))],
        [number for first, last in face.closed for number in ((first - _EPOCH).days, (last - first).days)],
        face.at_once or 0,
        face.a_day or 0,
        int(face.asks),
    ]


def _face(said: list[Any], code: str) -> Face:
    """What we listed ourselves: its signature was verified, so its shape is ours."""
    (_version, key_no, merchant_ref, voucher_ref, title, kind, uses, value_minor, not_before, expires_at) = (
        said[:10]
    )
    (zone, stores, weekdays, hours, closed, at_once, a_day, asks) = said[10:]
    return Face(
        key_no=key_no,
        merchant_ref=merchant_ref,
        voucher_ref=voucher_ref,
        code=code,
        title=title,
        kind=next(each for each, number in _KINDS.items() if number == kind),
        uses=uses,
        value_minor=value_minor,
        not_before=datetime.fromtimestamp(not_before, UTC),
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        zone=zone,
        stores=tuple(stores[start : start + 6] for start in range(0, len(stores), 6)),
        weekdays=frozenset(int(day) for day in weekdays),
        hours=tuple(Hours(_wall(hours[at]), _wall(hours[at + 1])) for at in range(0, len(hours), 2)),
        closed=tuple(_days(closed[at], closed[at + 1]) for at in range(0, len(closed), 2)),
        at_once=at_once or None,
        a_day=a_day or None,
        asks=bool(asks),
    )


def _days(first: int, more: int) -> tuple[date, date]:
    first_on = _EPOCH + timedelta(days=first)
    return first_on, first_on + timedelta(days=more)


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def _wall(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _packed(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))
