"""Who a person is to WeChat, kept for each app id that was told so."""

from datetime import datetime

from hutong.town.people.models import Person, WechatId


def keep_wechat_id(*, person: Person, appid: str, openid: str, at: datetime) -> None:
    """WeChat said who `person` is to `appid`; what it said before counts no more."""
    WechatId.objects.update_or_create(person=person, appid=appid, defaults={"openid": openid, "told_at": at})
