"""What ends at merchants when a person is erased."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.db import transaction

from hutong.kernel import audit
from hutong.town.merchants.models import Claim, Invitation, Staff
from hutong.town.merchants.services import documents
from hutong.town.merchants.types import ClaimState


def forget_person(*, person_ref: str, ways: Collection[str], at: datetime) -> int:
    """End every role of a person who is being erased; how many. Joins the caller's transaction.

    `ways` are the phone and the e-mail address they had: invitations sent there forget where they went. Claims
    lose their words and documents, and those nobody decided yet are let go of. Phones they paired stay paired:
    those belong to the shop.
    """
    sent = Invitation.objects.filter(to__in=ways)
    # without its receiver an open invitation would be good for whoever has the link
    sent.filter(used_at=None, revoked_at=None).update(revoked_at=at)
    sent.update(to="")
    claims = Claim.objects.filter(person__public_id=person_ref)
    for claim_ref in claims.values_list("public_id", flat=True):
        transaction.on_commit(partial(documents.forget, claim_ref))
    claims.filter(state__in=[ClaimState.OPEN.value, ClaimState.WAITING.value]).update(
        state=ClaimState.WITHDRAWN.value, decided_at=at
    )
    claims.update(sent_to="", note="", code_hmac="", media_type="")
    held = Staff.objects.filter(person__public_id=person_ref, revoked_at=None)
    ended = list(held.values_list("merchant__public_id", "role"))
    held.update(revoked_at=at)
    for merchant_ref, role in ended:
        audit.record(
            action="staff.erased",
            subject=person_ref,
            by="platform",
            at=at,
            before={"role": role},
            merchant=merchant_ref,
        )
    return len(ended)
