"""What is known around a review that is being written: the facts its score is made of."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from hutong.attract.reviews.models import Review
from hutong.attract.reviews.rules import ORIGIN_KEPT, text_of
from hutong.attract.reviews.rules.likeness import likeness, shingles, sketch
from hutong.attract.reviews.types import Content, FraudFacts, Origin, ReviewState, Side
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Staff, Store
from hutong.town.people.models import Person

DAY = timedelta(days=1)
USUAL_DAYS = 28
# Whoever left a shop within a year may still have a mind to praise or punish it.
STAFF_WITHIN = timedelta(days=365)
NEAR_M = 1_000
_CANDIDATES = 50
_MOST_NAMED = 5

# The author's shops, and which of them sell the same within a kilometre; Mercator metres are longer than metres on
# the ground by 1 / cos(latitude).
_RIVALS = """
SELECT DISTINCT o.public_id AS ref FROM merchants_store s
JOIN merchants_store o ON o.merchant_id = ANY(%(merchants)s::int8[]) AND o.category_id = s.category_id
WHERE s.id = %(store)s::int8 AND o.merchant_id IS DISTINCT FROM s.merchant_id
  AND (o.place <-> s.place) * cos(radians(s.lat)) <= %(near)s::float8
ORDER BY 1 LIMIT %(most)s::int4
"""
# Plain SQL, because Django hands these numbers over as int4. Through the GIN index of the samples.
_ALIKE = """
SELECT r.public_id AS ref, r.text FROM reviews_review r
WHERE r.sketch && %(sample)s::int8[] AND r.state <> 'withdrawn' AND r.side = 'shopper' AND r.public_id <> %(but)s
ORDER BY r.id DESC LIMIT %(most)s::int4
"""


def gather(
    *, store_ref: str, content: Content, origin: Origin, author: Person, at: datetime, review_ref: str = ""
) -> FraudFacts:
    """The facts around what `author` says now about a store; `review_ref` is the review itself when it is edited."""
    store = Store.objects.get(public_id=store_ref)
    shoppers = Review.objects.filter(side=Side.SHOPPER.value)
    there = shoppers.exclude(state=ReviewState.WITHDRAWN.value).exclude(public_id=review_ref)
    others = there.exclude(author=author)
    here = others.filter(store=store)
    best, best_ref = _most_alike(content.text, review_ref)
    employers = _employers(author, at)
    since = at - ORIGIN_KEPT
    return FraudFacts(
        stars=content.stars,
        account_age_s=(at - author.created_at).total_seconds(),
        has_text=bool(text_of(content.text)),
        last_day=here.filter(created_at__gt=at - DAY).count(),
        usual_a_day=here.filter(created_at__gt=at - (USUAL_DAYS + 1) * DAY, created_at__lte=at - DAY).count()
        / USUAL_DAYS,
        same_device=_authors(others.filter(device_hash=origin.device, created_at__gt=since), origin.device),
        same_address=_authors(here.filter(address_hash=origin.address, created_at__gt=since), origin.address),
        likeness=best,
        like_ref=best_ref,
        works_here=store.merchant_id is not None and store.merchant_id in employers,
        competitors=_rivals(store, employers),
        ring=_ring(store, employers, others, at),
    )


def _authors(found: "QuerySet[Review]", hashed: str) -> int:
    """How many different authors; none where the hash is not known."""
    return len({review.author_id for review in found}) if hashed else 0


def _most_alike(text: str, review_ref: str) -> tuple[float, str]:
    ours = shingles(text_of(text))
    sample = sketch(ours)
    if not sample:
        return 0.0, ""
    found = rows(_ALIKE, {"sample": sample, "but": review_ref, "most": _CANDIDATES})
    return max(((likeness(ours, shingles(one["text"])), one["ref"]) for one in found), default=(0.0, ""))


def _employers(person: Person, at: datetime) -> set[int]:
    """The merchants somebody works for, or did within `STAFF_WITHIN`."""
    lately = Q(revoked_at__isnull=True) | Q(revoked_at__gt=at - STAFF_WITHIN)
    return set(Staff.objects.filter(lately, person=person).values_list("merchant_id", flat=True))


def _rivals(store: Store, employers: set[int]) -> tuple[str, ...]:
    if not employers:
        return ()
    values = {"merchants": sorted(employers), "store": store.pk, "near": NEAR_M, "most": _MOST_NAMED}
    return tuple(entry["ref"] for entry in rows(_RIVALS, values))


def _ring(store: Store, employers: set[int], others: "QuerySet[Review]", at: datetime) -> tuple[str, ...]:
    """Reviews of four or five stars that this store's people gave to the author's shops."""
    if not employers or store.merchant_id is None:
        return ()
    lately = Q(revoked_at__isnull=True) | Q(revoked_at__gt=at - STAFF_WITHIN)
    colleagues = Staff.objects.filter(lately, merchant_id=store.merchant_id).values("person")
    praised = others.filter(
        author__in=colleagues, store__merchant_id__in=sorted(employers - {store.merchant_id}), stars__gte=4
    )
    return tuple(praised.order_by("-pk").values_list("public_id", flat=True)[:_MOST_NAMED])
