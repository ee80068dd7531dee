from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from hutong.attract.reviews.rules import MAX_ANSWER, MAX_NAME, MAX_NOTE, MAX_REASON, MAX_TEXT
from hutong.attract.reviews.types import ReportReason, ReportState, ReviewState, Side
from hutong.kernel.ids import public_id_field, ref_field

# What counts in a summary and is read by everybody.
SHOWN = Q(state=ReviewState.PUBLISHED.value, visit_gone_at__isnull=True, side=Side.SHOPPER.value)


class Review(models.Model):
    """What one side of a visit says about it, as it is now; `person` is the shopper of the visit, `author` who wrote.

    `visit_gone_at` is set while the visit does not stand: its redemption was undone, or what was enjoyed refunded.
    `reveal_at` is when a sealed review opens at the latest. `sketch` is a sample of the text's shingles.
    """

    public_id = public_id_field("rvw")
    visit_ref = ref_field()
    side = models.CharField(max_length=10, default=Side.SHOPPER.value)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="reviews")
    offer_ref = ref_field()
    titles = models.JSONField()
    visited_at = models.DateTimeField()
    stars = models.SmallIntegerField()
    aspects = models.JSONField(default=dict)
    text = models.CharField(max_length=MAX_TEXT, blank=True, default="")
    language = models.CharField(max_length=10)
    display_name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    photos = models.SmallIntegerField(default=0)
    version = models.IntegerField(default=1)
    helpful = models.IntegerField(default=0)
    reports_open = models.IntegerField(default=0)
    state = models.CharField(max_length=10)
    state_at = models.DateTimeField()
    reveal_at = models.DateTimeField(null=True)
    visit_gone_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    score = models.SmallIntegerField(default=0)
    score_reasons = models.JSONField(default=list)
    sketch = ArrayField(models.BigIntegerField(), default=list)
    address_hash = models.CharField(max_length=64, blank=True, default="")
    device_hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit_ref", "store", "side"], name="reviews_review_one_a_visit"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="reviews_review_stars"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReviewState]), name="reviews_review_state"
            ),
            models.CheckConstraint(
                condition=Q(side=Side.SHOPPER.value, author=F("person"))
                | (Q(side=Side.MERCHANT.value) & ~Q(author=F("person"))),
                name="reviews_review_side",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReviewState.SEALED.value) | Q(reveal_at__isnull=False),
                name="reviews_review_sealed_until",
            ),
            models.CheckConstraint(
                condition=Q(helpful__gte=0, reports_open__gte=0, photos__gte=0, version__gte=1),
                name="reviews_review_counts",
            ),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="reviews_review_score"),
        ]
        indexes = [
            # One for each order in which a store's reviews are read; all walk backwards from the key.
            models.Index(fields=["store", "-id"], condition=SHOWN, name="reviews_review_newest"),
            models.Index(fields=["store", "-helpful", "-id"], condition=SHOWN, name="reviews_review_helpful"),
            models.Index(fields=["store", "stars", "-id"], condition=SHOWN, name="reviews_review_lowest"),
            models.Index(
                fields=["store", "-id"], condition=SHOWN & Q(photos__gt=0), name="reviews_review_pictured"
            ),
            models.Index(fields=["store", "created_at"], name="reviews_review_lately"),
            models.Index(fields=["author", "-id"], name="reviews_review_author"),
            models.Index(fields=["offer_ref"], name="reviews_review_offer"),
            models.Index(
                fields=["state_at"],
                condition=Q(state=ReviewState.WAITING.value) | Q(reports_open__gt=0),
                name="reviews_review_queue",
            ),
            models.Index(
                fields=["reveal_at"],
                condition=Q(state=ReviewState.SEALED.value),
                name="reviews_review_sealed",
            ),
            models.Index(fields=["device_hash"], condition=~Q(device_hash=""), name="reviews_review_device"),
            models.Index(
                fields=["address_hash"], condition=~Q(address_hash=""), name="reviews_review_address"
            ),
            GinIndex(fields=["sketch"], name="reviews_review_sketch"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ReviewVersion(models.Model):
    """A review as it was written at one time; only added to."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    stars = models.SmallIntegerField()
    aspects = models.JSONField(default=dict)
    text = models.CharField(max_length=MAX_TEXT, blank=True, default="")
    display_name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    photo_refs = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "number"], name="reviews_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of review {self.review_id}"


class Answer(models.Model):
    """What the store says to a review, as it is now."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="answer")
    text = models.CharField(max_length=MAX_ANSWER)
    version = models.IntegerField(default=1)
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"answer to review {self.review_id}"


class AnswerVersion(models.Model):
    """An answer as it was written at one time, and by whom; only added to. An empty text took the answer away."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="answer_versions")
    number = models.IntegerField()
    text = models.CharField(max_length=MAX_ANSWER, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "number"], name="reviews_answer_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of the answer to review {self.review_id}"


class HelpfulVote(models.Model):
    """Somebody found a review helpful; taken back by deleting it."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "person"], name="reviews_vote_once"),
        ]

    def __str__(self) -> str:
        return f"vote for review {self.review_id}"


class Decision(models.Model):
    """An operator's word on a review. `undone_at` is when it was taken back."""

    public_id = public_id_field("rvd")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="decisions")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.from_state} -> {self.to_state}"


class Report(models.Model):
    """Somebody says that a review should not be there; `decision` is what closed it."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="reports")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12)
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="")
    state = models.CharField(max_length=10, default=ReportState.OPEN.value)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="reports")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "person"], name="reviews_report_once"),
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in ReportReason]),
                name="reviews_report_reason",
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.OPEN.value, decision__isnull=True)
                | Q(
                    state__in=[ReportState.UPHELD.value, ReportState.DISMISSED.value],
                    decision__isnull=False,
                ),
                name="reviews_report_state",
            ),
        ]

    def __str__(self) -> str:
        return f"report of review {self.review_id}"


class Summed(models.Model):
    """Stars added up. `aspects` holds [sum, count] by aspect."""

    count = models.IntegerField(default=0)
    stars_sum = models.IntegerField(default=0)
    one = models.IntegerField(default=0)
    two = models.IntegerField(default=0)
    three = models.IntegerField(default=0)
    four = models.IntegerField(default=0)
    five = models.IntegerField(default=0)
    aspects = models.JSONField(default=dict)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(one__gte=0, two__gte=0, three__gte=0, four__gte=0, five__gte=0)
                & Q(count=F("one") + F("two") + F("three") + F("four") + F("five"))
                & Q(stars_sum=F("one") + F("two") * 2 + F("three") * 3 + F("four") * 4 + F("five") * 5),
                name="reviews_%(class)s_adds_up",
            ),
        ]


class ReviewSummary(Summed):
    """The stars of a store; `store_id` is its key in `merchants`, for whoever joins."""

    store_ref = ref_field(unique=True)
    store_id = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return self.store_ref


class OfferSummary(Summed):
    """The stars that those who enjoyed an offer gave."""

    offer_ref = ref_field(unique=True)

    def __str__(self) -> str:
        return self.offer_ref
