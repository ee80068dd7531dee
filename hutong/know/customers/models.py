"""Tables of customers: consents, customers, visits."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.know.customers.types import VisitKind


class Consent(models.Model):
    """A span in which a person let a merchant remember them; open while `withdrawn_at` is empty.

    Ended spans stay: they are the proof of what was allowed when. `source` says where the person agreed.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="consents")
    granted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "merchant"],
                condition=Q(withdrawn_at__isnull=True),
                name="customers_consent_one_live",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("granted_at")),
                name="customers_consent_order",
            ),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class ConsentChange(models.Model):
    """One line of the history of consents: given or taken back, when, and where (`checkout ord_...`, `account`).

    Only ever added to, held by triggers; erasing a person empties `source`, and nothing else.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consent_changes"
    )
    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="consent_changes"
    )
    granted = models.BooleanField()
    source = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{'given' if self.granted else 'taken back'} {self.pk}"


class Customer(models.Model):
    """A person as one merchant knows them. The counts are re-added from `Visit` at each change.

    `visits` counts the days (in the merchant's zone) with a redemption that stands; `spent` is what was paid
    for all of them, in minor units of `unit`.
    Somebody who bought and has not come yet has no visits and no visit moments.
    """

    public_id = public_id_field("cus")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customers")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="customers")
    first_visit_at = models.DateTimeField(null=True)
    last_visit_at = models.DateTimeField(null=True)
    visits = models.IntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "merchant"], name="customers_customer_once"),
            models.CheckConstraint(
                condition=Q(visits=0, spent=0, first_visit_at__isnull=True, last_visit_at__isnull=True)
                | Q(visits__gt=0, spent__gte=0, first_visit_at__isnull=False, last_visit_at__isnull=False)
                & Q(first_visit_at__lte=F("last_visit_at")),
                name="customers_customer_counts",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-last_visit_at", "-id"], name="customers_by_recency"),
            models.Index(fields=["merchant", "-visits", "-id"], name="customers_by_frequency"),
            models.Index(fields=["merchant", "-spent", "-id"], name="customers_by_money"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Visit(models.Model):
    """One line of a customer's timeline: bought, came, or the visit was undone.

    `ref` is the order (purchase) or the redemption (redemption and its undo); with its kind it is one row.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="timeline")
    kind = models.CharField(max_length=10)
    ref = ref_field()
    store = models.ForeignKey(
        "merchants.Store", on_delete=models.PROTECT, null=True, related_name="remembered_visits"
    )
    titles = models.JSONField()
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "kind"], name="customers_visit_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in VisitKind]), name="customers_visit_kind"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="customers_visit_amount"),
        ]
        indexes = [models.Index(fields=["customer", "-at"], name="customers_visit_timeline")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"
