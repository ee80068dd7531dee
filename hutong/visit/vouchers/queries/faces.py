"""The QR of a voucher, and the keys by which a scanner knows that it is ours."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from hutong.kernel.secret import keyed_hash
from hutong.visit.vouchers.rules import face as rules
from hutong.visit.vouchers.types import Terms
from hutong.visit.vouchers.types.face import Face

_PURPOSE = "vouchers.qr"


def public_keys() -> dict[int, bytes]:
    """The keys that verify, 32 bytes each, by number: the one that signs now and all before it."""
    return {
        number: _key(keyed_hash(_PURPOSE, str(number))).public_key().public_bytes_raw()
        for number in range(1, settings.HUTONG_VOUCHER_KEY + 1)
    }


def read_qr(text: str) -> Face | None:
    """What the text of a QR says, where one of our keys signed it; else None."""
    return rules.read(text, public_keys())


def qr_text(
    entry: Mapping[str, Any], *, code: str, terms: Terms, titles: Mapping[str, str], store_refs: list[str]
) -> str:
    """The text of the QR of a voucher's row as `queries` reads it, signed by the newest key.

    Ed25519 signs without chance, so the same voucher has the same QR every time.
    """
    number: int = settings.HUTONG_VOUCHER_KEY
    face = rules.face_of(
        terms,
        key_no=number,
        merchant_ref=entry["merchant_ref"],
        voucher_ref=entry["public_id"],
        code=code,
        title=next(iter(titles.values()), ""),
        uses=entry["uses_total"],
        value_minor=entry["value_minor"] or 0,
        not_before=entry["valid_from"],
        expires_at=entry["valid_until"],
        store_refs=store_refs,
        zone=entry["zone"],
    )
    return rules.write(face, _key(keyed_hash(_PURPOSE, str(number))))


@lru_cache(maxsize=200)
def _key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
