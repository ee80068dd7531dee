"""Two tables that refer to each other's rows, so that there are deferred statements."""

from django.db import models


class First(models.Model):
    """A table of the first migration."""


class Second(models.Model):
    """A table of the second."""

    first = models.ForeignKey(First, on_delete=models.PROTECT)
