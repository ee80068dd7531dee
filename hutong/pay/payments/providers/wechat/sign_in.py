"""Signing in with WeChat (OAuth, `snsapi_base`): who somebody is to one app id, asked without a question to them."""

from urllib.parse import urlencode, urlsplit

import httpx

from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import ProviderRefused, ProviderUnavailable

PAGES, ANSWERS = "https://open.weixin.qq.com", "https://api.weixin.qq.com"
_AUTHORIZE, _TOKEN = "/connect/oauth2/authorize", "/sns/oauth2/access_token"
_OPENID_LIMIT = 128


class SignIn:
    """The sign-in of one app id. Safe to share between threads.

    WeChat's own hosts answer, unless payments go to another than WeChat's: a simulator plays both.
    """

    def __init__(self, *, url: str, appid: str, secret: str, timeout_s: float) -> None:
        host = urlsplit(url).hostname or ""
        own = host == "weixin.qq.com" or host.endswith(".weixin.qq.com")
        base = url.rstrip("/")
        self._pages, answers = (PAGES, ANSWERS) if own else (base, base)
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
        try:
            answer = self._http.get(_TOKEN, params=query)
            data = answer.json()
        except (*NOT_SENT, httpx.TransportError, httpx.DecodingError, ValueError) as error:
            raise ProviderUnavailable(reason=f"WeChat's sign-in: {type(error).__name__}") from None
        said = data if isinstance(data, dict) else {}
        if answer.status_code >= 500 or said.get("errcode") == -1:
            raise ProviderUnavailable(reason="WeChat's sign-in is busy")
        openid = said.get("openid")
        if not (isinstance(openid, str) and 0 < len(openid) <= _OPENID_LIMIT and openid.isascii()):
            raise ProviderRefused(reason=f"WeChat's sign-in: {str(said.get('errmsg', 'no openid'))[:100]}")
        return openid
