"""Pure decisions of `insight`."""

import re

_MACHINE = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|monitor|curl/|wget/", re.IGNORECASE
)


def is_machine(agent: str) -> bool:
    """Whether a browser's own description says that nobody is looking: search engines, previews, monitors.

    One that says nothing is a machine, too. Those that pretend to be a browser are counted as one.
    """
    return not agent.strip() or _MACHINE.search(agent) is not None
