"""The web process: pages and API."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")

from django.core.wsgi import get_wsgi_application

from hutong.know.insight import services as insight

application = get_wsgi_application()

# Its tables can be loaded only now that Django is set up.
from hutong.attract.placements import services as placements  # noqa: E402

insight.start()
placements.start()
