"""What ends at merchants when a person is erased."""

from collections.abc import Collection
from datetime import datetime

from hutong.kernel import audit
from hutong.town.merchants.models import Claim, Invitation, Staff


def forget_person(*, person_ref: str, ways: Collection[str], at: datetime) -> int:
    """End every role of a person who is being erased; how many. Joins the caller's transaction.

    `ways` are the phone and the e-mail address they had: invitations sent there forget where they went. Of claims
    the words stay away too. Phones they paired stay paired: those belong to the shop.
    """
    Invitation.objects.filter(to__in=ways).update(to="")
    Claim.objects.filter(person__public_id=person_ref).update(sent_to="", note="")
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
