"""Addresses of the shell."""

from django.urls import path

from hutong.web.shell import basemap, views

urlpatterns = [
    path("language/", views.set_language, name="set_language"),
    path("scheme/", views.set_scheme, name="set_scheme"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("offline/", views.offline, name="offline"),
    path("gallery/", views.gallery, name="gallery"),
    path("basemaps/<str:name>", basemap.basemap, name="basemap"),
    path("demo/messages/", views.messages_tray, name="messages_tray"),
]
