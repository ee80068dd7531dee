"""Roles are offered to people by phone, by e-mail, or by a link that is shown as a QR."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.budget import spend
from hutong.kernel.errors import Conflict, Forbidden, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.secret import keyed_hex, same
from hutong.kernel.text import mask_email, mask_phone
from hutong.town.merchants import rules
from hutong.town.merchants.models import Invitation, Merchant, Staff, Store
from hutong.town.merchants.services.claims import DAY_S
from hutong.town.merchants.services.people import check_gives, give_role
from hutong.town.merchants.types import InvitationState, Role
from hutong.town.people.models import Person
from hutong.town.people.senders import chosen_sender
from hutong.town.people.services import mail, normalise_email, normalise_phone


class InvitationUnknown(NotFound):
    """No such invitation, or the address was not copied whole."""

    code = "invitation_unknown"
    message = _("This invitation does not exist. Was the link copied whole?")


class InvitationUsed(Conflict):
    """Somebody took it already."""

    code = "invitation_used"
    message = _("This invitation has been used already. Each one is good once: ask for one of your own.")


class InvitationExpired(Conflict):
    """More than seven days passed."""

    code = "invitation_expired"
    status = 410
    message = _("This invitation is older than 7 days. Ask for a new one.")


class InvitationRevoked(Conflict):
    """The shop took it back, or who invited may not invite any more."""

    code = "invitation_revoked"
    status = 410
    message = _("The shop has taken this invitation back. Ask there if that is a mistake.")


class InvitationForSomebodyElse(Forbidden):
    """It names another phone. `to` is masked."""

    code = "invitation_for_somebody_else"
    message = _("This invitation is for %(to)s only. Ask the shop for one of your own.")


class AlreadyInTeam(Conflict):
    """The role would give nothing new; the invitation stays unused."""

    code = "already_in_team"
    message = _("You work there already, with these rights or more.")


def invitation_key(invitation_ref: str) -> str:
    """The key in an invitation's address, derived from its public id: nothing secret is stored."""
    return keyed_hex("merchants.invitation", invitation_ref)[:32]


def invite(*, merchant_ref: str, store_ref: str | None, role: Role, to: str, by: Person, at: datetime) -> str:
    """Offer a role for seven days; the invitation's ref. Asked again the same, it is the same one.

    `to` is a phone, an e-mail address, or "" for whoever gets the link. Raises `NotFound`, `Forbidden`,
    `PhoneInvalid`, `EmailInvalid`, `TooMany`. Must not run inside a transaction.
    """
    written = to.strip()
    to = "" if not written else normalise_email(written) if "@" in written else normalise_phone(written)
    merchant = Merchant.objects.filter(public_id=merchant_ref).first()
    store = Store.objects.filter(public_id=store_ref, merchant=merchant).first() if store_ref else None
    if merchant is None or (store_ref and store is None):
        raise NotFound
    check_gives(by, role, merchant, store)
    spend(f"invite:{merchant_ref}", limit=rules.INVITATIONS_A_DAY, window_s=DAY_S, at=at)
    with transaction.atomic():
        advisory("merchants.staff", merchant.pk)
        wanted = {"merchant": merchant, "store": store, "role": role.value, "to": to, "by": by}
        live = Invitation.objects.filter(**wanted, used_at=None, revoked_at=None, expires_at__gt=at)
        if to and (found := live.first()):
            return found.public_id
        made = Invitation.objects.create(**wanted, created_at=at, expires_at=at + rules.INVITATION_LIFETIME)
        audit.record(
            action="invitation.made",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={"role": role.value, "store": store_ref, "to": masked(to)},
            merchant=merchant_ref,
        )
    return made.public_id


def send_invitation(*, invitation_ref: str, link: str, by: Person, at: datetime) -> None:
    """Send the address of an invitation to the phone or mailbox it names; without one nothing is sent.

    Raises `NotFound`, and what the senders raise. Must not run inside a transaction.
    """
    invitation = Invitation.objects.filter(public_id=invitation_ref, by=by).select_related("merchant").first()
    if invitation is None:
        raise NotFound
    if not invitation.to:
        return
    names, site = invitation.merchant.names, settings.HUTONG_SITE_NAME
    shop = names.get("name") or next(iter(names.values()))
    body = gettext("%(shop)s invites you to its team on %(site)s: %(link)s")
    text = body % {"shop": shop, "site": site, "link": link}
    if "@" in invitation.to:
        mail(to=invitation.to, subject=gettext("An invitation to a team on %(site)s"), body=text)
    else:
        chosen_sender().send(to=invitation.to, body=text, at=at)


def revoke_invitation(*, invitation_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Take an open invitation back. Raises `InvitationUnknown`, `Forbidden`, `InvitationUsed`."""
    with transaction.atomic():
        invitation = _invitations().filter(public_id=invitation_ref, merchant__public_id=merchant_ref).first()
        if invitation is None:
            raise InvitationUnknown
        check_gives(by, Role(invitation.role), invitation.merchant, invitation.store)
        if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(revoked_at=at):
            raise InvitationUsed
        audit.record(
            action="invitation.revoked",
            subject=invitation_ref,
            by=by.public_id,
            at=at,
            merchant=merchant_ref,
        )


def check_invitation(*, invitation_ref: str, key: str, by: Person | None, at: datetime) -> None:
    """Pass an invitation that `by` may take at `at`; nobody signed in yet is passed, too.

    Raises `InvitationUnknown`, `InvitationUsed`, `InvitationExpired`, `InvitationRevoked`,
    `InvitationForSomebodyElse`.
    """
    _open_one(invitation_ref, key, by, at)


def accept_invitation(*, invitation_ref: str, key: str, by: Person, at: datetime) -> Staff:
    """Take the role that is offered, once. Raises what `check_invitation` raises, and `AlreadyInTeam`."""
    with transaction.atomic():
        invitation = _open_one(invitation_ref, key, by, at)
        advisory("merchants.staff", invitation.merchant_id)
        role = Role(invitation.role)
        if _has_as_much(by, invitation, role):
            raise AlreadyInTeam
        # The guard stands in the WHERE: of two who tap at one moment, one gets the role.
        unused = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None, expires_at__gt=at)
        if not unused.update(used_at=at, used_by=by):
            raise InvitationUsed
        staff = give_role(by, role, invitation.merchant, invitation.store, by=invitation.by, at=at)
        audit.record(
            action="invitation.used",
            subject=invitation_ref,
            by=by.public_id,
            at=at,
            after={"role": role.value},
            merchant=invitation.merchant.public_id,
        )
    return staff


def masked(to: str) -> str:
    """A receiver as others may see it."""
    return mask_email(to) if "@" in to else mask_phone(to) if to else ""


def _open_one(invitation_ref: str, key: str, by: Person | None, at: datetime) -> Invitation:
    invitation = _invitations().filter(public_id=invitation_ref).first()
    if invitation is None or not same(key, invitation_key(invitation_ref)):
        raise InvitationUnknown
    state = rules.invitation_state(
        used_at=invitation.used_at, revoked_at=invitation.revoked_at, expires_at=invitation.expires_at, at=at
    )
    if state is InvitationState.USED:
        raise InvitationUsed
    if state is InvitationState.REVOKED or not _may_still(invitation):
        raise InvitationRevoked
    if state is InvitationState.EXPIRED:
        raise InvitationExpired
    if by is not None and invitation.to.startswith("+") and invitation.to != by.phone:
        raise InvitationForSomebodyElse(to=masked(invitation.to))
    return invitation


def _may_still(invitation: Invitation) -> bool:
    """Whether who invited could still do so: an invitation goes with the rights of who wrote it."""
    try:
        check_gives(invitation.by, Role(invitation.role), invitation.merchant, invitation.store)
    except Forbidden:
        return False
    return True


def _has_as_much(person: Person, invitation: Invitation, role: Role) -> bool:
    held = Staff.objects.filter(person=person, merchant=invitation.merchant, revoked_at=None)
    return any(
        staff.store_id in (None, invitation.store_id) and rules.RIGHTS[role] <= rules.RIGHTS[Role(staff.role)]
        for staff in held
    )


def _invitations() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("merchant", "store", "by")
