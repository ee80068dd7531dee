"""Addresses of the shell."""

from django.urls import path

from hutong.web.shell import (
    announcements,
    basemap,
    media,
    notification_settings,
    notifications,
    phone,
    site_pages,
    views,
)

urlpatterns = [
    path("terms/", site_pages.terms, name="terms"),
    path("privacy/", site_pages.privacy, name="privacy"),
    path("imprint/", site_pages.imprint, name="imprint"),
    path("announcement/close/", announcements.close, name="close_announcement"),
    path("language/", views.set_language, name="set_language"),
    path("scheme/", views.set_scheme, name="set_scheme"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("offline/", views.offline, name="offline"),
    path("gallery/", views.gallery, name="gallery"),
    path("media/<str:folder>/<str:name>", media.media, name="media"),
    path("basemaps/<str:name>", basemap.basemap, name="basemap"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/bell/", notifications.bell, name="notification_bell"),
    path("notifications/read/", notifications.mark_read, name="notifications_read"),
    path("notifications/settings/", notification_settings.settings_page, name="notification_settings"),
    path("notifications/settings/choose/", notification_settings.choose, name="notification_choose"),
    path("notifications/push/on/", notification_settings.push_on, name="push_on"),
    path("notifications/push/off/", notification_settings.push_off, name="push_off"),
    path("notifications/push/test/", notification_settings.push_test, name="push_test"),
    path(
        "notifications/unsubscribe/<str:token>/",
        notification_settings.unsubscribe,
        name="notification_unsubscribe",
    ),
    path("notifications/<str:ref>/", notifications.notification, name="notification"),
    path("demo/messages/", views.messages_tray, name="messages_tray"),
    path("demo/phone/", phone.phone, name="phone"),
    path("demo/phone/hutong-demo.crt", phone.certificate, name="phone_certificate"),
]
