"""WeChat's sign-in (OAuth with `snsapi_base`): a page that asks nobody, and the answer who brought its code."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.providers.server import Answer, Call

_PARAMS = ["appid", "redirect_uri", "response_type", "scope", "state"]
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")


class SignIns:
    """The sign-in of one app id. `openid` is who holds the phone; codes count once."""

    def __init__(self, appid: str) -> None:
        self.appid, self.secret = appid, "0123456789abcdef0123456789abcdef"
        self.openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
        self.known: set[str] = {self.openid}
        self.codes: dict[str, str] = {}
        self.busy = False
        self.lets_in = True
        """Whether our address is on the list of those that may ask for tokens."""

    def answer(self, call: Call) -> Answer | None:
        """What the sign-in answers; None where the call is about something else."""
        if call.path == "/connect/oauth2/authorize":
            return self._page(call)
        if call.path == "/sns/oauth2/access_token":
            return _json(self._token(call))
        if (call.method, call.path) == ("POST", "/cgi-bin/stable_token"):
            return _json(self._stable_token(call))
        return None

    def _page(self, call: Call) -> Answer:
        asked = parse_qs(urlsplit(call.target).query)
        back, state = asked.get("redirect_uri", [""])[0], asked.get("state", [""])[0]
        fits = list(asked) == _PARAMS and asked["scope"] == ["snsapi_base"] and _STATE.fullmatch(state)
        if not fits or asked["appid"] != [self.appid] or asked["response_type"] != ["code"]:
            return Answer(400, "参数错误".encode(), {"content-type": "text/plain; charset=utf-8"})
        code = os.urandom(16).hex()
        self.codes[code] = self.openid
        return Answer(302, b"", {"location": f"{back}?{urlencode({'code': code, 'state': state})}"})

    def _stable_token(self, call: Call) -> dict[str, object]:
        asked = json.loads(call.body)
        if self.busy:
            return {"errcode": -1, "errmsg": "system error"}
        if asked["grant_type"] != "client_credential":
            return {"errcode": 40002, "errmsg": "invalid grant_type"}
        if asked["appid"] != self.appid:
            return {"errcode": 40013, "errmsg": "invalid appid rid: 6123-4a"}
        if asked["secret"] != self.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret rid: 6123-4b"}
        if not self.lets_in:
            return {"errcode": 40164, "errmsg": "invalid ip 203.0.113.9, not in whitelist rid: 6123-4c"}
        return {"access_token": os.urandom(16).hex(), "expires_in": 7200}

    def _token(self, call: Call) -> dict[str, object]:
        asked = call.query
        if self.busy:
            return {"errcode": -1, "errmsg": "system error"}
        if asked.get("appid") != self.appid or asked.get("secret") != self.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = self.codes.pop(asked.get("code", ""), "")
        if not openid or asked.get("grant_type") != "authorization_code":
            return {"errcode": 40029, "errmsg": "invalid code"}
        self.known.add(openid)
        return {
            "access_token": os.urandom(16).hex(),
            "expires_in": 7200,
            "refresh_token": os.urandom(16).hex(),
            "openid": openid,
            "scope": "snsapi_base",
        }


def _json(told: dict[str, object]) -> Answer:
    # WeChat says that it is plain text.
    return Answer(200, json.dumps(told).encode(), {"content-type": "text/plain"})
