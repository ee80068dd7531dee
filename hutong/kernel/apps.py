"""Registers the kernel's few tables with Django."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The kernel as a Django app: budgets, idempotency keys and the outbox are tables."""

    name = "hutong.kernel"
    label = "kernel"
