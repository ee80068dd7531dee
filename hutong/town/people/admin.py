"""The back office of superusers: people and their tokens, to look at and to close."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin

from .models import ApiToken, Person

# words of the framework's sign-in page, which brings no translations
SIGN_IN_WORDS = (gettext_noop("Welcome back to"), gettext_noop("Return to site"))


@admin.register(Person)
class PersonAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """People by phone. Nobody is deleted: orders and books point at them."""

    list_display = ("public_id", "phone", "name", "is_operator", "is_active", "created_at")
    list_filter = ("is_operator", "is_active", "is_staff")
    search_fields = ("=public_id", "phone", "name")
    ordering = ("-id",)
    readonly_fields = ("public_id", "phone", "created_at", "last_login")
    exclude = ("password",)

    def has_add_permission(self, *_asked: object) -> bool:
        """People come by signing in with their phone, superusers by `hutong manage createsuperuser`."""
        return False

    def has_delete_permission(self, *_asked: object) -> bool:
        """Never."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Tokens without their text. Only `revoked_at` may be set here."""

    list_display = ("public_id", "kind", "subject_ref", "name", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind",)
    search_fields = ("=public_id", "=subject_ref", "name")
    ordering = ("-id",)
    fields = (
        "public_id",
        "kind",
        "subject_ref",
        "scopes",
        "name",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    readonly_fields = ("public_id", "kind", "subject_ref", "scopes", "name", "created_at", "last_used_at")

    def has_add_permission(self, *_asked: object) -> bool:
        """Tokens are made by their services, which show the text once."""
        return False

    def has_delete_permission(self, *_asked: object) -> bool:
        """Never."""
        return False
