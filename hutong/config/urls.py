"""Every address of the site, by the people it is for."""

from django.contrib import admin
from django.urls import include, path

from hutong.kernel.http import healthz
from hutong.web.shell import health
from hutong.web.shell.access import public

handler500 = "hutong.web.shell.views.broken"
urlpatterns = [
    path("healthz", public(healthz), name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("hutong.api.urls")),
    path("merchant/", include("hutong.web.merchant.join_urls")),
    path("merchant/", include("hutong.web.merchant.urls")),
    path("operator/", include("hutong.web.operator.urls")),
    path("", include("hutong.web.shell.urls")),
    path("", include("hutong.web.consumer.urls")),
]
