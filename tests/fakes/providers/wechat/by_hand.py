"""A simulator for people: with new keys, and codes that lead to the page to pay on."""

from __future__ import annotations

from tests.fakes.providers.books import Books
from tests.fakes.providers.wechat.keys import Account, Signer, certified, new_key, private_pem, public_pem
from tests.fakes.providers.wechat.simulator import WechatSimulator

_SERIAL, _PUBLIC_KEY_ID = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0119000001092024110100003"


def made_by_hand() -> tuple[WechatSimulator, dict[str, str]]:
    """The simulator, and the settings of a site that pays with it. Without the public key it goes by certificates."""
    merchant, public = new_key(), new_key()
    account = Account("1900000109", "wxd678efh567hg6787", "0" * 32, {_SERIAL: merchant.public_key()})
    signers = [Signer(_PUBLIC_KEY_ID, public), certified(new_key())]
    made = WechatSimulator(books=Books(prefix="42"), account=account, signers=signers, links=True)
    return made, {
        "HUTONG_WECHAT_MCHID": account.mchid,
        "HUTONG_WECHAT_APPID": account.appid,
        "HUTONG_WECHAT_MERCHANT_SERIAL": _SERIAL,
        "HUTONG_WECHAT_MERCHANT_KEY": _bare(private_pem(merchant)),
        "HUTONG_WECHAT_API_V3_KEY": account.api_v3_key,
        "HUTONG_WECHAT_APP_SECRET": made.sign_ins.secret,
        "HUTONG_WECHAT_PUBLIC_KEY_ID": _PUBLIC_KEY_ID,
        "HUTONG_WECHAT_PUBLIC_KEY": _bare(public_pem(public)),
    }


def _bare(pem: str) -> str:
    """The key on one line, without its frame, as it fits into a settings file."""
    return "".join(pem.splitlines()[1:-1])
