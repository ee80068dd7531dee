from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field


class BrandGift(models.Model):
    """An operator gave a merchant the open listings of a brand; `store_refs` are those that it got by that.

    The last one that was not taken back is what `Brand.merchant` says.
    """

    public_id = public_id_field("bgf")
    brand = models.ForeignKey("merchants.Brand", on_delete=models.PROTECT, related_name="gifts")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    # Whose the brand was before, for who takes the gift back.
    merchant_before = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, null=True, related_name="+"
    )
    store_refs = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="merchants_brand_gift_undone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand_id} to {self.merchant_id}"


class ImportRun(models.Model):
    """How far the last import of a source into a region came; `ended_at` is null while it is not finished.

    `digest` names the file and the options: only the same import goes on where it stopped. `here` counts the
    places of which another source had a listing already.
    """

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="import_runs")
    source = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    done = models.IntegerField(default=0)
    new = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    here = models.IntegerField(default=0)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "source"], name="merchants_import_run_source"),
            models.CheckConstraint(
                condition=Q(
                    done__gte=F("new") + F("updated") + F("here"), new__gte=0, updated__gte=0, here__gte=0
                ),
                name="merchants_import_run_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} into {self.region_id}"
