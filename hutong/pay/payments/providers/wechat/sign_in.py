"""Signing in with WeChat (OAuth, `snsapi_base`): who somebody is to one app id, asked without a question to them."""

from typing import Any
from urllib.parse import urlencode

import httpx

from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import ProviderRefused, ProviderUnavailable

PAGES, ANSWERS = "https://open.weixin.qq.com", "https://api.weixin.qq.com"
_AUTHORIZE, _TOKEN = "/connect/oauth2/authorize", "/sns/oauth2/access_token"
_TRY = "/cgi-bin/stable_token"
# WeChat's words for an app id or a secret that is wrong or missing. Others say that the secret could not be tried.
_WRONG = frozenset({40001, 40002, 40013, 40125, 41002, 41004})
_OPENID_LIMIT = 128


class SignIn:
    """The sign-in of one app id. Safe to share between threads.

    WeChat's own hosts answer, unless another is named: a simulator plays both. The host that payments go to is none of
    them, and never gets the secret.
    """

    def __init__(self, *, url: str = "", appid: str, secret: str, timeout_s: float) -> None:
        base = url.rstrip("/")
        self._pages, answers = (base, base) if base else (PAGES, ANSWERS)
        self._appid, self._secret = appid, secret.strip()
        self._http = httpx.Client(base_url=answers, timeout=timeout_s, limits=LIMITS, trust_env=False)

    @property
    def possible(self) -> bool:
        """Whether there is a secret to ask with."""
        return bool(self._secret)

    def page(self, *, back: str, state: str) -> str:
        """Where a browser inside WeChat is sent; it comes `back` with `code` and `state`, and nobody is asked."""
        # WeChat reads the parameters in this order alone.
        query = {
            "appid": self._appid,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._pages}{_AUTHORIZE}?{urlencode(query)}#wechat_redirect"

    def openid(self, *, code: str) -> str:
        """Who brought this code. Raises `ProviderRefused` (a code that is wrong, used or old), `ProviderUnavailable`.

        A code counts once, so nothing is repeated. No error repeats the address, which has our secret in it.
        """
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        said = self._asked("GET", _TOKEN, params=query)
        openid = said.get("openid")
        if not (isinstance(openid, str) and 0 < len(openid) <= _OPENID_LIMIT and openid.isascii()):
            raise ProviderRefused(reason=f"WeChat's sign-in: {_why(said)}")
        return openid

    def doubts(self) -> tuple[str, ...]:
        """Whether the secret is that of the app id, in a sentence where it could not be tried. `ProviderRefused` if not.

        The token that WeChat answers with is thrown away; this way of asking leaves tokens of others as good as they were.
        """
        if not self.possible:
            return ()
        body = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret}
        try:
            said = self._asked("POST", _TRY, json=body)
        except ProviderUnavailable as error:
            return (f"the secret of the app id could not be tried: {error.details['reason']}",)
        if said.get("access_token"):
            return ()
        if said.get("errcode") in _WRONG:
            raise ProviderRefused(reason=f"the secret of the app id is not right: {_why(said)}")
        return (f"the secret of the app id could not be tried: {_why(said)}",)

    def _asked(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """What WeChat says. Raises `ProviderUnavailable`."""
        try:
            answer = self._http.request(method, path, **sent)
            data = answer.json()
        except (*NOT_SENT, httpx.TransportError, httpx.DecodingError, ValueError) as error:
            raise ProviderUnavailable(reason=f"WeChat's sign-in: {type(error).__name__}") from None
        said = data if isinstance(data, dict) else {}
        if answer.status_code >= 500 or said.get("errcode") == -1:
            raise ProviderUnavailable(reason="WeChat's sign-in is busy")
        return said


def _why(said: dict[str, Any]) -> str:
    """WeChat's number and words for a no, on one line; they hold no secret."""
    words = "".join(sign if sign.isprintable() else " " for sign in str(said.get("errmsg") or "no openid"))
    return f"{said.get('errcode', '')} {words}".strip()[:120]
