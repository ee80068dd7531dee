"""What happens to reviews without anybody deciding: visits that do not stand, hashes that are old, people who leave."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from hutong.attract.reviews.models import HelpfulVote, Report, Review, ReviewVersion
from hutong.attract.reviews.rules import ORIGIN_KEPT
from hutong.attract.reviews.services.summing import change
from hutong.attract.reviews.types import ReviewState
from hutong.kernel import audit
from hutong.town.people.models import Person

_GONE = {"text": "", "display_name": ""}


def visit_changed(*, visit_ref: str, standing: Collection[str], reason: str, at: datetime) -> int:
    """Hide the reviews of a visit that does not stand any more, and show again those that do; how many changed.

    `standing` are the public ids of the stores in which something of the visit was enjoyed and neither undone nor
    refunded. `reason` is for the audit log.
    """
    changed = 0
    with transaction.atomic():
        found = Review.objects.select_for_update(of=("self",)).select_related("store__merchant")
        for review in found.filter(visit_ref=visit_ref).order_by("pk"):
            stands = review.store.public_id in standing
            if stands == (review.visit_gone_at is None):
                continue
            change(review, at=at, visit_gone_at=None if stands else at)
            audit.record(
                action="review.shown_again" if stands else "review.visit_gone",
                subject=review.public_id,
                by="platform",
                at=at,
                merchant=review.store.merchant.public_id if review.store.merchant else "",
                reason=reason,
            )
            changed += 1
    return changed


def forget_origins(*, at: datetime) -> int:
    """Empty the hashes of where reviews were sent from once they are old; how many."""
    old = Review.objects.filter(Q(created_at__lt=at - ORIGIN_KEPT), ~Q(address_hash="") | ~Q(device_hash=""))
    edited = Q(edited_at__isnull=True) | Q(edited_at__lt=at - ORIGIN_KEPT)
    return old.filter(edited).update(address_hash="", device_hash="")


def forget_person(*, person: Person, at: datetime) -> list[str]:
    """Take out what says who somebody was; the public ids of the reviews, whose photos the caller takes away.

    The stars of what is published stay, as anybody's, so that a shop's rating does not hang on who stays; every
    word goes, of older versions too, and so does what was not published, and what shops said of the person. Votes
    are taken back, reports keep their reason without their words.
    """
    with transaction.atomic():
        votes = HelpfulVote.objects.filter(person=person)
        Review.objects.filter(pk__in=votes.values("review")).update(helpful=F("helpful") - 1)
        votes.delete()
        Report.objects.filter(person=person).update(note="")
        found = Review.objects.select_for_update(of=("self",)).select_related("store__merchant")
        written = list(found.filter(Q(author=person) | Q(person=person)).order_by("pk"))
        for review in written:
            stays = review.author_id == person.pk and review.state == ReviewState.PUBLISHED.value
            state = review.state if stays else ReviewState.WITHDRAWN.value
            change(
                review, at=at, state=state, photos=0, sketch=[], score_reasons=[],
                address_hash="", device_hash="", **_GONE,
            )  # fmt: skip
        ReviewVersion.objects.filter(review__in=written).update(photo_refs=[], **_GONE)
    return [review.public_id for review in written]
