"""Pure decisions about notifications: who is told by which channel, and when; the table of kinds is in `kinds`."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hutong.town.notifications.rules.kinds import GROUPS, KINDS, TAKEN_BACK_WITHIN
from hutong.town.notifications.types import Audience, Channel, Group, Kind, KindSpec

__all__ = [
    "BUDGETS",
    "ENDPOINT_MAX",
    "GROUPS",
    "KEPT",
    "KINDS",
    "LEASE",
    "MOST_SHOWN",
    "PAUSES",
    "PUSH_HOSTS",
    "QUIET_UNTIL",
    "STALE_AFTER",
    "SUBSCRIPTIONS_MAX",
    "TAKEN_BACK_WITHIN",
    "is_on",
    "kinds_for",
    "next_try",
    "not_before",
    "push_address_allowed",
    "wanted",
]

# A try that failed is repeated after so long; after the last of them the delivery has failed.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
# A delivery that nobody picked up, or that was claimed by a process which then died, is looked at after this.
LEASE = timedelta(minutes=5)
# What waited so long is no news any more.
STALE_AFTER = timedelta(days=1)
# At most so many a person, a channel and a day: a fault of ours must not flood anybody.
BUDGETS = {Channel.IN_APP: 300, Channel.EMAIL: 40, Channel.PUSH: 100, Channel.SMS: 5}
SUBSCRIPTIONS_MAX = 10
ENDPOINT_MAX = 1000
KEPT = timedelta(days=365)
QUIET_FROM, QUIET_UNTIL = time(22), time(8)
MOST_SHOWN = 99

# The push services of the browsers people have; a subscription that names another host is refused, since we
# would be sending requests wherever a visitor likes.
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)


def wanted(kind: Kind, turned: Mapping[tuple[Group, Channel], bool]) -> frozenset[Channel]:
    """The channels a person is told of `kind` by, given the switches they `turned`."""
    spec = KINDS[kind]
    if kind is Kind.TEST_MESSAGE:
        return spec.defaults  # it was asked for just now
    channels = GROUPS[spec.group].channels
    return spec.always | {channel for channel in channels if is_on(spec.group, channel, turned, kind=kind)}


def is_on(
    group: Group,
    channel: Channel,
    turned: Mapping[tuple[Group, Channel], bool],
    *,
    kind: Kind | None = None,
) -> bool:
    """Whether a channel is on for a group, or for one `kind` of it.

    A switch that was turned holds for the whole group. One that was not turned stands for each kind as the
    table says; for the group it shows as on when it is so for any of its kinds.
    """
    if channel not in GROUPS[group].channels:
        return False
    if channel is Channel.IN_APP and GROUPS[group].fixed:
        return True
    if (group, channel) in turned:
        return turned[group, channel]
    if kind is not None:
        return channel in KINDS[kind].defaults
    return any(channel in spec.defaults for spec in KINDS.values() if spec.group is group)


def kinds_for(audience: Audience) -> tuple[Kind, ...]:
    """The kinds that people are told in one of their roles."""
    return tuple(kind for kind, spec in KINDS.items() if spec.audience is audience)


def not_before(spec: KindSpec, at: datetime, *, zone: str) -> datetime:
    """When a notification may leave: soon, or in the morning (8:00) for what must not come at night."""
    at += spec.leaves_after
    if spec.at_night:
        return at
    wall = at.astimezone(ZoneInfo(zone))
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return at
    day = wall.date() if wall.time() < QUIET_UNTIL else wall.date() + timedelta(days=1)
    return datetime.combine(day, QUIET_UNTIL, ZoneInfo(zone))


def next_try(tries: int, at: datetime) -> datetime | None:
    """When a delivery that failed for the `tries`th time is tried again; None when it is given up."""
    return at + PAUSES[tries - 1] if tries <= len(PAUSES) else None


def push_address_allowed(endpoint: str, *, also: str = "") -> bool:
    """Whether web push may be sent to `endpoint`: at a browser's own service, by HTTPS on its usual port.

    `also` is one more host (with its port, if it has one) that the settings name.
    """
    if len(endpoint) > ENDPOINT_MAX or any(symbol <= " " or symbol == "\\" for symbol in endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    if also and parts.scheme in ("http", "https") and parts.netloc == also:
        return True
    host = parts.hostname or ""
    known = any(host.endswith(one) if one.startswith(".") else host == one for one in PUSH_HOSTS)
    return parts.scheme == "https" and known and "@" not in parts.netloc and port in (None, 443)
