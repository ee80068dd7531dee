"""Registers the customers app with Django."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers as a Django app."""

    name = "hutong.know.customers"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"
