"""What may be refused by the services of `people`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class PhoneInvalid(Invalid):
    """What was written is no phone number; the message shows one that is."""

    code = "phone_invalid"
    message = _("This is not a phone number.")


class EmailInvalid(Invalid):
    """What was written is no e-mail address."""

    code = "email_invalid"
    message = _("This is not an e-mail address. Write it like name@example.com.")


class CodeWrong(Invalid):
    """The code is not the one that was sent. `tries_left` says how many tries remain."""

    code = "code_wrong"
    message = _("This code is not right. Look at the message again.")


class CodeExpired(Invalid):
    """There is no code to try: none was sent, or it is used, too old, or out of tries."""

    code = "code_expired"
    status = 410
    message = _("This code no longer works. Ask for a new one.")


class PersonBlocked(Forbidden):
    """The phone was proved, but the operator has closed this person's access."""

    code = "person_blocked"
    message = _("This account is closed. Please contact the platform.")


class PhoneTaken(Conflict):
    """The phone was proved, but another account has it."""

    code = "phone_taken"
    message = _("Another account has this number. Sign in there, or choose another number.")


class PhoneSame(Conflict):
    """The number is the one the account has already."""

    code = "phone_same"
    message = _("This is your number already.")


class EmailTaken(Conflict):
    """The address was proved, but another account has it."""

    code = "email_taken"
    message = _("Another account has this address. Choose another one.")


class MailNotSent(Unavailable):
    """The mail server did not take the message."""

    code = "mail_not_sent"
    message = _("We could not send the e-mail. Check the address, or try again in a few minutes.")


class AddressInvalid(Invalid):
    """Something an address needs is missing; the message says what."""

    code = "address_invalid"
    message = _("Please give a street and a city.")


class AddressUnknown(NotFound):
    """There is no such address, or it is somebody else's."""

    code = "address_unknown"
    message = _("This address is not there any more.")


class AddressUndoOver(Conflict):
    """The address was not changed lately, or was undone already."""

    code = "address_undo_over"
    message = _("This change can no longer be undone. Change the address instead.")


class AddressesFull(Conflict):
    """The person has as many addresses as one may keep."""

    code = "addresses_full"
    message = _("You have %(limit)s addresses already. Delete one first.")


class ConsentNeeded(Conflict):
    """The consent cannot be given now: what it needs (a proved e-mail address) is missing."""

    code = "consent_needs_email"
    message = _("Add your e-mail address first.")


class CodeFirst(Forbidden):
    """What is asked for needs a code that was entered in this browser in the last minutes."""

    code = "code_first"
    message = _("Please enter a new code first.")
