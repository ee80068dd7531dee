"""The kernel's tables: budgets, idempotency keys, the outbox. Written only through their modules here."""

from django.db import models


class Budget(models.Model):
    """How much of a budget was spent in its current window. Written by `kernel.budget`."""

    key = models.CharField(max_length=200, unique=True)
    window_started_at = models.DateTimeField()
    spent = models.IntegerField()


class IdempotencyKey(models.Model):
    """The answer once given under a client's key. Written by `kernel.idempotency`."""

    actor = models.CharField(max_length=60)
    route = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    status = models.IntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "route", "key"], name="idempotency_once"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=True, body__isnull=True)
                | models.Q(status__isnull=False, body__isnull=False),
                name="idempotency_answer_whole",
            ),
        ]


class OutboxRow(models.Model):
    """A job that the transaction which wrote it asks for. Written by `kernel.outbox`."""

    job = models.CharField(max_length=60)
    payload = models.JSONField()
    created_at = models.DateTimeField()
