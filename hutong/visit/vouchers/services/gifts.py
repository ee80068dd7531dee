"""A voucher given to a friend: a link that changes hands once."""

from datetime import datetime

from django.db import IntegrityError, transaction

from hutong.kernel import outbox
from hutong.kernel.errors import NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.rows import execute, row
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.models import Gift, Voucher
from hutong.visit.vouchers.services.errors import (
    GiftGone,
    GiftIsYours,
    GiftUnknown,
    VoucherGivenBefore,
    VoucherNotGivable,
)
from hutong.visit.vouchers.types import GiftView, VoucherState

MAX_MESSAGE = 200

# The voucher's row first, as in redeeming. Whoever gave it knows its code, so its new owner gets another.
_HAND_OVER = """
UPDATE vouchers_voucher SET person_id = %(person_id)s::int8, code_no = code_no + 1, code_hmac = %(code_hmac)s
WHERE id = %(voucher_id)s::int8 AND person_id = %(giver_id)s::int8 AND code_no = %(code_no)s::int4
  AND state = 'ready' AND blocked_at IS NULL AND valid_until > %(at)s
RETURNING public_id
"""
_CLAIM = """
UPDATE vouchers_gift SET claimed_at = %(at)s, claimed_by_id = %(person_id)s::int8
WHERE id = %(gift_id)s::int8 AND claimed_at IS NULL AND taken_back_at IS NULL
"""


def give(*, voucher_ref: str, message: str, by: Person, at: datetime) -> GiftView:
    """Make the link by which a friend becomes the owner of a voucher; until then it stays `by`'s.

    Asked again while it is open: the same link, with the first message. Raises `VoucherNotGivable` for a voucher that
    is used up, over, refunded or blocked, and `VoucherGivenBefore` where it changed hands once, `NotFound` for another's.
    """
    voucher = Voucher.objects.filter(public_id=voucher_ref, person=by).first()
    if voucher is None:
        raise NotFound
    if voucher.code_no:
        raise VoucherGivenBefore
    if voucher.state != VoucherState.READY.value or voucher.blocked_at or voucher.valid_until <= at:
        raise VoucherNotGivable
    ref = new_id("vgf")
    try:
        with transaction.atomic():
            Gift.objects.create(
                public_id=ref,
                voucher=voucher,
                giver=by,
                token_hmac=queries.lookup_hash(queries.token_of(ref)),
                message=message.strip()[:MAX_MESSAGE],
                made_at=at,
            )
    except IntegrityError:
        # It is open already: a second click, or another window.
        ref = Gift.objects.get(voucher=voucher, taken_back_at=None).public_id
    found = queries.gift_of(voucher_ref, by)
    if found is None or found.ref != ref:
        raise VoucherGivenBefore
    return found


def take_back(*, gift_ref: str, by: Person, at: datetime) -> None:
    """The link is good no more; another may be made. Raises `GiftUnknown`, `GiftGone` when somebody has opened it."""
    gift = Gift.objects.filter(public_id=gift_ref, giver=by).first()
    if gift is None:
        raise GiftUnknown
    mine = Gift.objects.filter(pk=gift.pk, claimed_at=None)
    if not mine.filter(taken_back_at=None).update(taken_back_at=at) and not mine.exists():
        raise GiftGone


def claim(*, token: str, by: Person, at: datetime) -> str:
    """Become the owner of the voucher behind a link; its ref. Again by the same person: the same answer, and once
    the giver is told.

    From then on the giver neither sees its code nor takes its money back; what is unused at the end goes back to where
    it was paid from. Raises `GiftUnknown`, `GiftIsYours` for whoever gave it, `GiftGone` for a link that somebody
    opened or that was taken back, and `VoucherNotGivable` where the voucher is used, over or refunded meanwhile.
    """
    gift = Gift.objects.select_related("voucher").filter(token_hmac=queries.lookup_hash(token[:100])).first()
    if gift is None:
        raise GiftUnknown
    if gift.giver_id == by.pk:
        raise GiftIsYours
    voucher_ref: str = gift.voucher.public_id
    if gift.claimed_by_id == by.pk:
        return voucher_ref
    number = gift.voucher.code_no
    with transaction.atomic():
        handed = row(
            _HAND_OVER,
            {
                "voucher_id": gift.voucher_id,
                "giver_id": gift.giver_id,
                "person_id": by.pk,
                "code_no": number,
                "code_hmac": queries.lookup_hash(queries.code_of(voucher_ref, number + 1)),
                "at": at,
            },
        )
        values = {"gift_id": gift.pk, "person_id": by.pk, "at": at}
        if handed and execute(_CLAIM, values):
            outbox.send("tell_gift_opened", at=at, gift_ref=gift.public_id, happened_at=at.isoformat())
            return voucher_ref
        transaction.set_rollback(True)
    gift.refresh_from_db()
    if gift.claimed_by_id == by.pk:
        return voucher_ref  # the same click, twice
    raise GiftGone if gift.claimed_at or gift.taken_back_at else VoucherNotGivable


def forget_messages(*, person: Person) -> int:
    """Take the words away that somebody wrote to their presents, because their account ends; how many."""
    return Gift.objects.filter(giver=person).exclude(message="").update(message="")
