"""The web process: pages and API."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")

from django.core.wsgi import get_wsgi_application

from hutong.know.insight import services as insight

application = get_wsgi_application()
insight.start()
