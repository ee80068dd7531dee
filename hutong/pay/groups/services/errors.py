"""What groups refuse, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class GroupUnknown(NotFound):
    """There is no such group."""

    code = "group_unknown"
    message = _("There is no such group.")


class GroupNotOffered(Conflict):
    """The deal is not sold to groups of this size, or not any more."""

    code = "group_not_offered"
    message = _("This deal has no group of this size now. Please look at it again.")


class GroupEnded(Conflict):
    """The group is full, has failed, or its time is over; `state` says which."""

    code = "group_ended"
    message = _("This group has ended. Nothing was charged. You can open a new one.")


class GroupFull(Conflict):
    """Every place of the group is taken, some of them perhaps by somebody who is paying just now."""

    code = "group_full"
    message = _("All places of this group are taken. Nothing was charged. You can open a new one.")


class AlreadyInGroup(Conflict):
    """The person has a place in the group already, or opened it; `group_ref`."""

    code = "already_in_group"
    message = _("You are in this group already. Send its link to somebody else.")


class CampaignOver(Conflict):
    """The time of the campaign is over."""

    code = "campaign_over"
    message = _("The time of this deal is over. Nothing was ordered.")


class TermsInvalid(Invalid):
    """Terms of groups that make no sense; `faults` are the codes of `rules.faults`."""

    code = "group_terms_invalid"
    message = _("Please look at the sizes and prices of groups again.")
