"""What a person wants to be told, and by which channel."""

from datetime import datetime

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid, NotFound
from hutong.town.notifications import rules
from hutong.town.notifications.models import Preference
from hutong.town.notifications.types import Channel, Group
from hutong.town.people.models import Person

_SALT = "hutong.notifications.unsubscribe"


class ChannelFixed(Invalid):
    """A switch that there is not: security and money stay in the list, and not every channel has every group."""

    code = "channel_fixed"
    message = _("This cannot be switched off here.")


class LinkInvalid(NotFound):
    """A link out of an e-mail that was cut off or made up."""

    code = "link_invalid"
    message = _(
        "This link is not complete. Please use the one in the e-mail, or sign in and open the settings."
    )


def choose(
    *, person: Person, group: Group, channel: Channel, on: bool, by: Person | None, at: datetime
) -> None:
    """Turn one switch; `by` None is whoever holds a link out of one of the person's e-mails. Raises `ChannelFixed`."""
    spec = rules.GROUPS[group]
    if channel not in spec.channels or (channel is Channel.IN_APP and spec.fixed and not on):
        raise ChannelFixed
    with transaction.atomic():
        before = Preference.objects.filter(person=person, group=group.value, channel=channel.value).first()
        Preference.objects.update_or_create(
            person=person, group=group.value, channel=channel.value, defaults={"on": on}
        )
        name = f"{group.value}.{channel.value}"
        audit.record(
            action="notifications.chosen",
            subject=person.public_id,
            by=by.public_id if by else "link",
            at=at,
            before={name: before.on} if before else {},
            after={name: on},
        )


def unsubscribe_token(*, person_ref: str, group: Group) -> str:
    """What a link carries that ends the e-mails of a group without a sign-in, and does nothing else."""
    return signing.Signer(salt=_SALT).sign_object([person_ref, group.value])


def read_unsubscribe(token: str) -> tuple[Person, Group]:
    """Whose e-mails of which group a genuine token ends. Raises `LinkInvalid`."""
    try:
        person_ref, group = signing.Signer(salt=_SALT).unsign_object(token)
        return Person.objects.get(public_id=person_ref, is_active=True), Group(group)
    except (signing.BadSignature, ValueError, Person.DoesNotExist) as error:
        raise LinkInvalid from error


def unsubscribe(*, token: str, at: datetime) -> Group:
    """Switch the e-mails of the token's group off; again is no fault. Raises `LinkInvalid`."""
    person, group = read_unsubscribe(token)
    choose(person=person, group=group, channel=Channel.EMAIL, on=False, by=None, at=at)
    return group
