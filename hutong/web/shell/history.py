"""The audit log in words: what was done, to what, by whom. For the operator's pages and the shop's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.kernel.audit import Entry
from hutong.town.people import queries as people
from hutong.town.people.types import NamedPerson
from hutong.web.shell.changes import ChangeLine, lines_of_log, refs_in
from hutong.web.shell.subjects import subject_names

ACTIONS = {
    "acting.started": gettext_lazy("The platform began to act for the shop"),
    "acting.stopped": gettext_lazy("The platform stopped acting for the shop"),
    "acting.timed_out": gettext_lazy("The platform's hour of acting for the shop was over"),
    "announcement.ended": gettext_lazy("Announcement ended"),
    "announcement.made": gettext_lazy("Announcement made"),
    "bank_in.entered": gettext_lazy("What a payment service paid into the bank was entered"),
    "bank_in.undone": gettext_lazy("What a payment service paid into the bank was taken back"),
    "bill.difference_corrected": gettext_lazy("A later bill took a difference back"),
    "bill.difference_explained": gettext_lazy("A difference with a provider's bill explained"),
    "bill.explanation_taken_back": gettext_lazy("The explanation of a difference taken back"),
    "bill.fetched_by_hand": gettext_lazy("A missing bill of a payment service fetched"),
    "bill.none_agreed": gettext_lazy("A second operator agreed that there is no bill of some days"),
    "bill.none_asked": gettext_lazy("Said that there is no bill of some days"),
    "bill.none_declined": gettext_lazy("Declined that there is no bill of some days"),
    "bill.none_taken_back": gettext_lazy("Taken back that there is no bill of some days"),
    "bill.our_row_read_again": gettext_lazy("A difference with a provider's bill looked at again"),
    "bill.write_off_confirmed": gettext_lazy("A second operator agreed to a write-off"),
    "brand.given": gettext_lazy("Brand given to a merchant"),
    "brand.taken_back": gettext_lazy("Brand taken back from a merchant"),
    "category.changed": gettext_lazy("Category changed"),
    "channel_import.made": gettext_lazy("Vouchers of another channel brought in"),
    "channel_import.taken_back": gettext_lazy("Vouchers of another channel taken back"),
    "claim.approved": gettext_lazy("Claim approved"),
    "claim.code_sent": gettext_lazy("A code was sent to prove a claim"),
    "claim.document_deleted": gettext_lazy("Document of a claim deleted, its time was over"),
    "claim.document_read": gettext_lazy("Document of a claim read by the platform"),
    "claim.proved": gettext_lazy("Claim proved by a code"),
    "claim.rejected": gettext_lazy("Claim refused"),
    "claim.submitted": gettext_lazy("Claim handed in"),
    "claim.withdrawn": gettext_lazy("Claim withdrawn"),
    "commission.rule_ended": gettext_lazy("Commission rule ended"),
    "commission.rule_made": gettext_lazy("Commission rule made"),
    "content.decision_taken_back": gettext_lazy("Decision about a version taken back"),
    "content.proposed": gettext_lazy("New version handed in"),
    "content.published": gettext_lazy("New version published"),
    "content.rejected": gettext_lazy("New version refused"),
    "correction.agreed": gettext_lazy("A second operator agreed to a correction"),
    "correction.asked": gettext_lazy("A correction waits for a second operator"),
    "correction.declined": gettext_lazy("A correction given up"),
    "device.paired": gettext_lazy("Scanner paired"),
    "device.revoked": gettext_lazy("Scanner's pairing ended"),
    "dispute.bearer_set": gettext_lazy("Who bears a chargeback decided"),
    "dispute.evidence_added": gettext_lazy("Evidence added to a chargeback"),
    "gift_card.blocked": gettext_lazy("Gift card blocked"),
    "gift_card.claimed": gettext_lazy("Gift card opened with its code"),
    "gift_card.issued": gettext_lazy("Gift card given by the platform"),
    "gift_card.taken_back": gettext_lazy("Gift card taken back by its buyer"),
    "gift_card.unblocked": gettext_lazy("Gift card can be spent again"),
    "invitation.made": gettext_lazy("Invitation to the team"),
    "invitation.revoked": gettext_lazy("Invitation taken back"),
    "invitation.used": gettext_lazy("Invitation accepted"),
    "loyalty.programme_set": gettext_lazy("Rules of points set"),
    "merchant.applied": gettext_lazy("Shop applied"),
    "merchant.applied_again": gettext_lazy("Shop applied again"),
    "merchant.approved": gettext_lazy("Shop approved"),
    "merchant.decision_taken_back": gettext_lazy("Decision about the shop taken back"),
    "merchant.facts_changed": gettext_lazy("Facts of the shop changed"),
    "merchant.rejected": gettext_lazy("Shop refused"),
    "merchant.suspended": gettext_lazy("Shop suspended"),
    "month.closed": gettext_lazy("Month closed"),
    "month.reopened": gettext_lazy("Month opened again"),
    "notifications.chosen": gettext_lazy("Notifications chosen"),
    "offer.approve": gettext_lazy("Deal approved"),
    "offer.capacity_changed": gettext_lazy("Number for sale changed"),
    "offer.changed": gettext_lazy("Deal changed"),
    "offer.created": gettext_lazy("Deal made"),
    "offer.decision_taken_back": gettext_lazy("Decision about a deal taken back"),
    "offer.end": gettext_lazy("Sale of a deal ended"),
    "offer.flash_sale_called_off": gettext_lazy("Flash sale called off"),
    "offer.flash_sale_set": gettext_lazy("Flash sale set up"),
    "offer.pause": gettext_lazy("Deal paused"),
    "offer.reject": gettext_lazy("Deal refused or taken off the site"),
    "offer.resume": gettext_lazy("Deal put on sale again"),
    "offer.sketch_begun": gettext_lazy("Draft of a deal begun"),
    "offer.sketch_deleted": gettext_lazy("Draft of a deal deleted"),
    "offer.sketch_handed_in": gettext_lazy("Draft of a deal handed in"),
    "offer.sketch_restored": gettext_lazy("Draft of a deal brought back"),
    "offer.sketch_saved": gettext_lazy("Draft of a deal saved"),
    "offer.submit": gettext_lazy("Deal handed in"),
    "offer.withdraw": gettext_lazy("Deal taken back to change it"),
    "offline.limits_changed": gettext_lazy("Limits of scanning without a network changed"),
    "offline_scan.conflict": gettext_lazy("A scan without a network could not be redeemed"),
    "offline_scan.settled": gettext_lazy("Who bears a scan without a network decided"),
    "operator.granted": gettext_lazy("Made an operator"),
    "operator.revoked": gettext_lazy("No operator any more"),
    "order.refund_resent": gettext_lazy("Refund sent again"),
    "order.refunded": gettext_lazy("Order refunded by the platform"),
    "page.published": gettext_lazy("Page of the site published"),
    "payable.adjusted": gettext_lazy("What is owed to a merchant corrected"),
    "person.email_changed": gettext_lazy("E-mail of an account changed"),
    "person.email_removed": gettext_lazy("E-mail of an account removed"),
    "person.erased": gettext_lazy("Account erased"),
    "person.erasure_asked": gettext_lazy("Erasure of an account asked for"),
    "person.erasure_called_off": gettext_lazy("Erasure of an account called off"),
    "person.exported": gettext_lazy("Data of an account downloaded"),
    "person.phone_changed": gettext_lazy("Phone of an account changed"),
    "person.rights_changed": gettext_lazy("Rights of an account changed in the back office"),
    "person.signed_out": gettext_lazy("A sign-in was ended"),
    "person.signed_out_elsewhere": gettext_lazy("All other sign-ins were ended"),
    "picture.added": gettext_lazy("Picture added"),
    "placement.end": gettext_lazy("Paid placement ended"),
    "placement.made": gettext_lazy("Paid placement made"),
    "placement.pause": gettext_lazy("Paid placement paused"),
    "placement.resume": gettext_lazy("Paid placement goes on"),
    "promotion.budget_changed": gettext_lazy("Budget of a promotion changed"),
    "promotion.ended": gettext_lazy("Promotion ended"),
    "promotion.given": gettext_lazy("Coupons given to customers"),
    "promotion.live": gettext_lazy("Promotion went on"),
    "promotion.made": gettext_lazy("Promotion made"),
    "promotion.paused": gettext_lazy("Promotion paused"),
    "provider.fee_agreed": gettext_lazy("What a payment service may keep was agreed"),
    "reason.added": gettext_lazy("Ready reason added"),
    "reason.changed": gettext_lazy("Ready reason changed"),
    "reason.retired": gettext_lazy("Ready reason retired"),
    "region.feature_switched": gettext_lazy("Feature switched"),
    "review.answer_removed": gettext_lazy("Answer to a review taken away"),
    "review.answered": gettext_lazy("Review answered"),
    "review.decided": gettext_lazy("Review decided about"),
    "review.decision_taken_back": gettext_lazy("Decision about a review taken back"),
    "review.edited": gettext_lazy("Review changed"),
    "review.reported": gettext_lazy("Review reported"),
    "review.shown_again": gettext_lazy("Review shown again: its visit stands"),
    "review.visit_gone": gettext_lazy("Review hidden: its visit does not stand"),
    "review.withdrawn": gettext_lazy("Review deleted by its author"),
    "review.written": gettext_lazy("Review written"),
    "staff.erased": gettext_lazy("A person of the staff was erased"),
    "staff.role_ended": gettext_lazy("Role ended"),
    "staff.role_given": gettext_lazy("Role given"),
    "store.claimed": gettext_lazy("Store taken over"),
    "store.facts_changed": gettext_lazy("Facts of the store changed"),
    "store.hours_changed": gettext_lazy("Opening hours changed"),
    "store.moved": gettext_lazy("Store moved to another merchant"),
    "store.released": gettext_lazy("Store given up"),
    "store.signed_up": gettext_lazy("Store signed up"),
    "store.state_changed": gettext_lazy("State of the store changed"),
    "token.issued": gettext_lazy("Key for the API made"),
    "token.revoked": gettext_lazy("Key for the API revoked"),
    "voucher.override": gettext_lazy("Redeemed against the terms"),
    "vouchers.extended": gettext_lazy("Vouchers extended"),
    "webhook.contradiction_looked_at": gettext_lazy("A contradiction of a payment service looked at"),
    "words.added": gettext_lazy("Words of one meaning added"),
    "words.removed": gettext_lazy("Words of one meaning taken away"),
    "words.restored": gettext_lazy("Words of one meaning given back"),
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry as people read it. `by` is a name, "the platform", or "" for nobody; `subject` a name or ""."""

    ref: str
    at: datetime
    action: str
    title: str
    subject: str
    subject_ref: str
    by: str
    by_platform: bool
    acting: bool
    reason: str
    changes: tuple[ChangeLine, ...]


def history(entries: Sequence[Entry], *, zone: str, unit: str, for_merchant: bool) -> list[HistoryLine]:
    """The entries in words.

    `for_merchant` hides who of the platform it was: a shop reads "the platform". Statements: one for all
    people, and those of `subject_names`.
    """
    subjects = {entry.subject_ref for entry in entries}.union(*(refs_in(entry.changes) for entry in entries))
    actors = {entry.actor_ref for entry in entries}
    persons = people.named({ref for ref in subjects | actors if ref.startswith("per_")})
    names = subject_names(subjects)
    names |= {ref: one.name for ref, one in persons.items() if not (one.is_operator and for_merchant)}
    found = []
    for entry in entries:
        person = persons.get(entry.actor_ref)
        by_platform = person is None or person.is_operator or bool(entry.on_behalf_of)
        found.append(
            HistoryLine(
                ref=entry.ref,
                at=entry.at,
                action=entry.action,
                title=str(ACTIONS.get(entry.action, entry.action.replace(".", ": ").replace("_", " "))),
                subject=names.get(entry.subject_ref, ""),
                subject_ref=entry.subject_ref,
                by=_by(person, by_platform=by_platform, for_merchant=for_merchant),
                by_platform=by_platform,
                acting=bool(entry.on_behalf_of),
                reason=entry.reason,
                changes=tuple(lines_of_log(entry.changes, names=names, unit=unit, zone=zone)),
            )
        )
    return found


def _by(person: NamedPerson | None, *, by_platform: bool, for_merchant: bool) -> str:
    if by_platform and (for_merchant or person is None):
        return _("The platform")
    return (person.name or _("somebody without a name")) if person else ""
