"""The back office of superusers: people and their tokens, to look at and to close; what is changed is in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin

from hutong.kernel import audit, clock

from .models import ApiToken, Person

# words of the framework's sign-in page, which brings no translations
SIGN_IN_WORDS = (gettext_noop("Welcome back to"), gettext_noop("Return to site"))


# Rights come from being an operator or staff of a shop, never from the framework's groups.
admin.site.unregister(Group)


class RecordedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A page whose changes are written to the audit log, in the transaction that makes them."""

    action: str

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save what was typed, with an entry of what it was before."""
        super().save_model(request, obj, form, change)
        assert request.user.is_authenticated, "the back office asks everybody to sign in"
        audit.record(
            action=self.action,
            subject=obj.public_id,
            by=request.user.public_id,
            at=clock.now(),
            before={name: form.initial.get(name) for name in form.changed_data},
            after={name: form.cleaned_data[name] for name in form.changed_data},
        )


@admin.register(Person)
class PersonAdmin(RecordedAdmin):
    """People by phone. Nobody is deleted: orders and books point at them. Only the last three fields may be set."""

    action = "person.rights_changed"

    list_display = ("public_id", "phone", "name", "is_operator", "is_active", "created_at")
    list_filter = ("is_operator", "is_active", "is_staff")
    search_fields = ("=public_id", "phone", "name")
    ordering = ("-id",)
    readonly_fields = ("public_id", "phone", "name", "created_at", "last_login", "is_operator")
    fields = (*readonly_fields, "is_active", "is_staff", "is_superuser")

    def has_add_permission(self, *_asked: object) -> bool:
        """People come by signing in with their phone, superusers by `hutong manage createsuperuser`."""
        return False

    def has_delete_permission(self, *_asked: object) -> bool:
        """Never."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(RecordedAdmin):
    """Tokens without their text. Only `revoked_at` may be set here."""

    action = "token.revoked"

    list_display = ("public_id", "kind", "subject_ref", "name", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind",)
    search_fields = ("=public_id", "=subject_ref", "name")
    ordering = ("-id",)
    readonly_fields = ("public_id", "kind", "subject_ref", "scopes", "name", "created_at", "last_used_at")
    fields = (*readonly_fields, "revoked_at")

    def has_add_permission(self, *_asked: object) -> bool:
        """Tokens are made by their services, which show the text once."""
        return False

    def has_delete_permission(self, *_asked: object) -> bool:
        """Never."""
        return False
