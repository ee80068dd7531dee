"""The addresses of version 1, under /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from .answers import no_such_address
from .v1 import api

urlpatterns = [
    path("", no_such_address),  # before the API's own root, which answers with a page
    path("", api.urls),
    re_path(r"^.*$", no_such_address),
]
