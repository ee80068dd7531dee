"""What a person wants to be told and where: switches, browsers that take push, and the way out of e-mails."""

import json
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.flows import notify
from hutong.kernel import clock
from hutong.kernel.errors import Invalid, NotFound
from hutong.town.notifications import queries, rules, services
from hutong.town.notifications.senders.push.keys import public_key_text
from hutong.town.notifications.types import Audience, Channel, Group, SettingsRow, Switch
from hutong.town.regions.queries import default_region
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.notifications import audiences_of, person_of
from hutong.web.shell.parts import page
from hutong.web.shell.sessions import sign_in_of

SUBSCRIPTION_MAX_BYTES = 4000


@signed_in
@require_GET
def settings_page(request: HttpRequest) -> HttpResponse:
    """Which groups come by which channel, and the browsers that take push."""
    person = person_of(request)
    region = default_region()
    context = {
        "tab": "me",
        "zone": region.zone if region else "UTC",
        "sections": _sections(queries.settings_of(person.pk, audiences_of(person))),
        "channels": list(channel_names().values()),
        "devices": queries.devices_of(person.pk),
        "push_key": public_key_text(),
        "email_proved": bool(person.email and person.email_proved_at),
    }
    return page(request, "shell/notification_settings.html", context)


@signed_in
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Turn one switch: `switch` is `group.channel`, `on` where it goes. Answers with the switch as it stands."""
    group, _dot, channel = request.POST.get("switch", "").partition(".")
    if group not in set(Group) or channel not in set(Channel):
        raise Invalid
    person = person_of(request)
    services.choose(
        person=person,
        group=Group(group),
        channel=Channel(channel),
        on=request.POST.get("on") == "1",
        by=person,
        at=clock.now(),
    )
    if request.headers.get("HX-Request") != "true":
        return redirect(f"{reverse('notification_settings')}#{group}")
    audience = rules.GROUPS[Group(group)].audience
    row = next(one for one in queries.settings_of(person.pk, {audience}) if one.group == group)
    cell = next(one for one in _cells(row) if one["switch"].channel == channel)
    return render(request, "shell/_switch.html", {"cell": cell})


@signed_in
@require_POST
def push_on(request: HttpRequest) -> HttpResponse:
    """A browser takes push from now on: its subscription as JSON, as `PushSubscription.toJSON` writes it."""
    if len(request.body) > SUBSCRIPTION_MAX_BYTES:
        raise services.SubscriptionInvalid
    try:
        told = json.loads(request.body)
        endpoint, sealing = str(told["endpoint"]), told["keys"]
        p256dh, auth = str(sealing["p256dh"]), str(sealing["auth"])
    except (ValueError, TypeError, KeyError) as error:
        raise services.SubscriptionInvalid from error
    state = sign_in_of(request)
    services.subscribe(
        person=person_of(request),
        sign_in_ref=state.ref if state else "",
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        agent=request.headers.get("User-Agent", ""),
        at=clock.now(),
    )
    return JsonResponse({"on": True}, status=201)


@signed_in
@require_POST
def push_off(request: HttpRequest) -> HttpResponse:
    """No more push to one of a person's own browsers."""
    ref = request.POST.get("ref", "")
    if not ref or not services.unsubscribe_device(person=person_of(request), ref=ref, at=clock.now()):
        raise NotFound
    messages.success(request, _("This browser gets nothing more."))
    return redirect(f"{reverse('notification_settings')}#devices")


@signed_in
@require_POST
def push_test(request: HttpRequest) -> HttpResponse:
    """Send the person something now. Raises `TooMany` for who tries too often."""
    notify.send_test(person=person_of(request), at=clock.now())
    messages.success(request, _("On its way. It should be there within seconds."))
    return redirect(f"{reverse('notification_settings')}#devices")


# The link stands in an e-mail and its one click (RFC 8058) comes from a mail provider, without a cookie of ours;
# the signed token is all it proves, and all it opens.
@csrf_exempt
@public
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, then end the e-mails of one group for whoever holds the link; needs no sign-in."""
    _whose, group = services.read_unsubscribe(token)
    done = request.method == "POST"
    if done:
        services.unsubscribe(token=token, at=clock.now())
    return page(request, "shell/unsubscribe.html", {"group": _(rules.GROUPS[group].name), "done": done})


def channel_names() -> dict[Channel, str]:
    """The channels in the reader's language, in the order of the table."""
    return {
        Channel.IN_APP: _("Here"),
        Channel.EMAIL: pgettext("channel", "E-mail"),
        Channel.PUSH: _("Push"),
        Channel.SMS: _("SMS"),
    }


def _sections(rows: list[SettingsRow]) -> list[dict[str, Any]]:
    """The settings by role, each group with its words and switches."""
    names = {
        Audience.SHOPPER: _("As a shopper"),
        Audience.STAFF: _("As a shop"),
        Audience.OPERATOR: _("As the operator"),
    }
    return [
        {
            "key": audience.value,
            "name": names[audience],
            "groups": [
                {
                    "key": row.group.value,
                    "name": _(rules.GROUPS[row.group].name),
                    "about": _(rules.GROUPS[row.group].about),
                    "cells": _cells(row),
                }
                for row in group
            ],
        }
        for audience, group in groupby(rows, lambda row: row.audience)
    ]


def _cells(row: SettingsRow) -> list[dict[str, Any]]:
    names = channel_names()
    return [_cell(row, switch, names[switch.channel]) for switch in row.switches]


def _cell(row: SettingsRow, switch: Switch, channel: str) -> dict[str, Any]:
    return {
        "name": f"{row.group.value}.{switch.channel.value}",
        "label": f"{_(rules.GROUPS[row.group].name)}: {channel}",
        "channel": channel,
        "switch": switch,
    }
