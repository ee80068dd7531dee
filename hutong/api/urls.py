"""The addresses of version 1, under /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from .answers import no_such_address
from .v1 import api

urlpatterns = [
    path("", api.urls),
    re_path(r"^.*$", no_such_address),
]
