"""The map's tiles: one file, read in ranges. A front server may serve the folder itself; this always works."""

import re
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from hutong.web.shell.access import public

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.pmtiles")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
MOST_BYTES = 16 * 1024 * 1024
MEDIA_TYPE = "application/vnd.pmtiles"


@public
@require_GET
def basemap(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file or the range asked for (RFC 9110, one range); 416 for a range that lies outside."""
    path: Path = settings.HUTONG_BASEMAPS / name
    if not NAME.fullmatch(name) or not path.is_file():
        raise Http404
    status = path.stat()
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{status.st_mtime_ns:x}-{status.st_size:x}"',
        "Cache-Control": "public, max-age=86400",
    }
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked:
        return FileResponse(path.open("rb"), content_type=MEDIA_TYPE, headers=headers)
    first = int(asked[1])
    last = min(int(asked[2] or status.st_size - 1), status.st_size - 1, first + MOST_BYTES - 1)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{status.st_size}"})
    with path.open("rb") as stream:
        stream.seek(first)
        body = stream.read(last - first + 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{status.st_size}"
    return HttpResponse(body, status=206, content_type=MEDIA_TYPE, headers=headers)
