"""Everything about a person: for the file that is theirs."""

from typing import Any

from django.db.models import Q

from hutong.kernel.rows import values
from hutong.town.people.models import Person
from hutong.visit.vouchers.models import (
    ChannelImport,
    ChannelRedemption,
    Gift,
    OfflineScan,
    Redemption,
    RedemptionRequest,
    Use,
    Voucher,
)


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about `person`, by model, without codes: for the person's own file.

    A redemption is there for whose voucher it was and for who made it.
    """
    redeemed = Redemption.objects.filter(Q(voucher__person=person) | Q(person=person))
    return {
        "vouchers.Voucher": values(
            Voucher.objects.filter(person=person),
            *("public_id", "order_ref", "offer_ref", "merchant__public_id", "titles", "state", "uses_total"),
            *("uses_left", "valid_from", "valid_until", "created_at"),
        ),
        "vouchers.Use": values(
            Use.objects.filter(voucher__person=person), "voucher__public_id", "use_no", "unit_ref", "state"
        ),
        "vouchers.Gift": values(
            Gift.objects.filter(Q(giver=person) | Q(claimed_by=person)),
            *("public_id", "voucher__public_id", "message", "made_at", "claimed_at", "taken_back_at"),
        ),
        "vouchers.Redemption": values(
            redeemed,
            *("public_id", "voucher__public_id", "use_no", "unit_ref", "store__public_id", "at", "undone_at"),
        ),
        "vouchers.RedemptionRequest": values(
            RedemptionRequest.objects.filter(Q(person=person) | Q(asked_by=person)),
            *(
                "public_id",
                "store__public_id",
                "uses",
                "asked_at",
                "refused_at",
                "closed_at",
                "redemption_ref",
            ),
        ),
        "vouchers.ChannelImport": values(
            ChannelImport.objects.filter(by=person),
            "public_id",
            "channel",
            "offer_ref",
            "at",
            "taken_back_at",
        ),
        "vouchers.ChannelRedemption": values(
            ChannelRedemption.objects.filter(person=person),
            *("public_id", "voucher__public_id", "store__public_id", "at", "undone_at"),
        ),
        "vouchers.OfflineScan": values(
            OfflineScan.objects.filter(Q(voucher__person=person) | Q(person=person)),
            *("public_id", "voucher__public_id", "store__public_id", "scanned_at", "received_at", "outcome"),
        ),
    }
