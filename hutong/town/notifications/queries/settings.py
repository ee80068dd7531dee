"""What a person chose, and the browsers that take web push for them."""

import hashlib
from collections.abc import Collection

from hutong.town.notifications import rules
from hutong.town.notifications.models import Preference, Subscription
from hutong.town.notifications.types import Audience, Channel, DeviceView, Group, SettingsRow, Switch


def settings_of(person_id: int, audiences: Collection[Audience]) -> list[SettingsRow]:
    """Every group of these roles with its switches; one statement."""
    turned = turned_by([person_id]).get(person_id, {})
    return [
        SettingsRow(
            group=group,
            audience=spec.audience,
            switches=tuple(
                Switch(
                    channel=channel,
                    on=rules.is_on(group, channel, turned),
                    fixed=spec.fixed and channel is Channel.IN_APP,
                    offered=channel in spec.channels,
                )
                for channel in Channel
            ),
        )
        for group, spec in rules.GROUPS.items()
        if spec.audience in audiences
    ]


def turned_by(person_ids: Collection[int]) -> dict[int, dict[tuple[Group, Channel], bool]]:
    """The switches that people turned, by person; one statement."""
    turned: dict[int, dict[tuple[Group, Channel], bool]] = {}
    for one in Preference.objects.filter(person_id__in=person_ids):
        turned.setdefault(one.person_id, {})[Group(one.group), Channel(one.channel)] = one.on
    return turned


def devices_of(person_id: int) -> list[DeviceView]:
    """The browsers that take web push for a person, the newest first."""
    found = Subscription.objects.filter(person_id=person_id).order_by("-pk")
    return [
        DeviceView(
            ref=one.public_id,
            fingerprint=hashlib.sha256(one.endpoint.encode()).hexdigest()[:16],
            browser=one.browser,
            system=one.system,
            created_at=one.created_at,
            failed_at=one.failed_at,
        )
        for one in found
    ]


def has_device(person_ids: Collection[int]) -> set[int]:
    """Those of these people who have a browser that takes web push; one statement."""
    found = Subscription.objects.filter(person_id__in=person_ids)
    return set(found.values_list("person_id", flat=True))
