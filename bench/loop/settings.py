"""The site's settings as in production, with the sandbox for a provider, which production refuses."""

from bench.loop.record import NotedConnection, NotedCursor
from hutong.config.settings import *  # noqa: F403
from hutong.config.settings import DATABASES

# The log level stays at WARNING: production's INFO has a line for each call to a provider, none of which is timed.
WHITENOISE_AUTOREFRESH = False
DATABASES["default"]["OPTIONS"]["cursor_factory"] = NotedCursor
DATABASES["default"]["OPTIONS"]["pool"]["connection_class"] = NotedConnection
