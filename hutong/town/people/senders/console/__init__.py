"""Says in the log that a message would leave, and to whom roughly; the text itself never reaches the log."""

from __future__ import annotations

import logging
from datetime import datetime

from hutong.kernel.text import mask_phone

log = logging.getLogger(__name__)


class ConsoleSender:
    """Logs that a message was asked for. A stand-in while no real sender is set up."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """Log the masked number and the length; a log with codes in it would be a key ring."""
        log.info("message of %d characters to %s at %s", len(body), mask_phone(to), at.isoformat())


class ConsoleCaller:
    """Logs that a call was asked for. A stand-in while nobody calls."""

    def call(self, *, to: str, digits: str, language: str, at: datetime) -> None:
        """Log the masked number; the digits stay out of the log."""
        log.info("call of %d digits in %s to %s at %s", len(digits), language, mask_phone(to), at.isoformat())
