"""Every address of the site, by the people it is for."""

import importlib.util

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from hutong.kernel.http import healthz

urlpatterns: list[URLPattern | URLResolver] = [path("healthz", healthz), path("admin/", admin.site.urls)]
for prefix, module in (
    ("api/v1/", "hutong.api.urls"),
    ("merchant/", "hutong.web.merchant.urls"),
    ("operator/", "hutong.web.operator.urls"),
    ("", "hutong.web.shell.urls"),
    ("", "hutong.web.consumer.urls"),
):
    parent = module.rpartition(".")[0]  # BRING-UP ONLY
    if importlib.util.find_spec(parent) and importlib.util.find_spec(module):
        urlpatterns.append(path(prefix, include(module)))
