"""The colour scheme a visitor chose: kept in a cookie, `auto` follows the system."""

from django.http import HttpRequest

COOKIE = "hutong_scheme"
COOKIE_AGE_S = 60 * 60 * 24 * 365
THEMES = {"auto": "", "light": "hutong", "dark": "hutong-dark"}


def chosen(request: HttpRequest) -> str:
    """`auto`, `light` or `dark`; anything else in the cookie counts as `auto`."""
    value = request.COOKIES.get(COOKIE, "auto")
    return value if value in THEMES else "auto"
