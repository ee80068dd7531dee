"""Tables of flash sales."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.flashsales.rules import MINUTES, MOST_PLACES
from hutong.pay.flashsales.types import TicketState

IN_CHECKOUT = Q(state__in=[TicketState.ADMITTED.value, TicketState.ORDERING.value])


class FlashSale(models.Model):
    """When an offer is sold, and how many may be in checkout at once; without `places` there is no line.

    `last_number` is the number of who came last. A sale that was called off or replaced by the next one is closed.
    """

    public_id = public_id_field("fls")
    offer_ref = ref_field()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    places = models.IntegerField(null=True)
    minutes = models.SmallIntegerField()
    last_number = models.BigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    changed_by = ref_field()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer_ref"], condition=Q(closed_at__isnull=True), name="flashsales_one_standing"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="flashsales_ends_later"),
            models.CheckConstraint(
                condition=Q(places__isnull=True) | Q(places__gte=1, places__lte=MOST_PLACES),
                name="flashsales_places",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=MINUTES[0], minutes__lte=MINUTES[1]), name="flashsales_minutes"
            ),
            models.CheckConstraint(condition=Q(last_number__gte=0), name="flashsales_last_number"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Ticket(models.Model):
    """The place of one person in the line of one sale."""

    public_id = public_id_field("tkt")
    sale = models.ForeignKey(FlashSale, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.BigIntegerField()
    ahead_at_first = models.BigIntegerField()
    state = models.CharField(max_length=10, default=TicketState.WAITING.value)
    arrived_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    admitted_until = models.DateTimeField(null=True)
    order_ref = ref_field(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sale", "person"], name="flashsales_ticket_once"),
            models.UniqueConstraint(fields=["sale", "number"], name="flashsales_ticket_number"),
            models.CheckConstraint(
                condition=Q(number__gt=0, ahead_at_first__gte=0), name="flashsales_ticket_counts"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TicketState]), name="flashsales_ticket_state"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=TicketState.WAITING.value, admitted_at__isnull=True, admitted_until__isnull=True
                )
                | (
                    ~Q(state__in=[TicketState.WAITING.value, TicketState.LEFT.value])
                    & Q(admitted_at__isnull=False, admitted_until__isnull=False)
                )
                | Q(state=TicketState.LEFT.value),
                name="flashsales_ticket_admitted",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=[TicketState.ORDERING.value, TicketState.DONE.value]) & ~Q(order_ref="")
                )
                | Q(
                    state__in=[TicketState.WAITING.value, TicketState.ADMITTED.value, TicketState.LEFT.value],
                    order_ref="",
                )
                | ~Q(state__in=[state.value for state in TicketState if state is not TicketState.LAPSED]),
                name="flashsales_ticket_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["sale", "number"],
                condition=Q(state=TicketState.WAITING.value),
                name="flashsales_in_line",
            ),
            models.Index(
                fields=["sale", "admitted_until"], condition=IN_CHECKOUT, name="flashsales_in_checkout"
            ),
            models.Index(
                fields=["sale", "-admitted_at"],
                condition=Q(admitted_at__isnull=False),
                name="flashsales_admissions",
            ),
            models.Index(fields=["order_ref"], condition=~Q(order_ref=""), name="flashsales_by_order"),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.sale_id}"
