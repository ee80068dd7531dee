"""Pictures by the name of their file. A front server may serve the folder itself; this always works."""

import re
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from hutong.web.shell.access import public

NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\.(webp|jpg)")
TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


@public
@require_safe
def media(request: HttpRequest, folder: str, name: str) -> HttpResponseBase:
    """A file that is named after its bytes, so it never changes and may be kept for ever.

    Whatever it is, a browser takes it for nothing but a picture: its type is said, and is not to be guessed;
    opened by itself it may run nothing.
    """
    found = NAME.fullmatch(f"{folder}/{name}")
    path = Path(settings.MEDIA_ROOT) / folder / name
    if not found or not path.is_file():
        raise Http404
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{folder}{name}"',
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        response: HttpResponseBase = HttpResponseNotModified()
        for header, value in headers.items():
            response.headers[header] = value
        return response
    return FileResponse(path.open("rb"), content_type=TYPES[found[1]], headers=headers)
