"""Addresses for shoppers."""

from django.urls import path

from hutong.web.consumer import buying, finding, keeping, maps, me, shops, signing_in

urlpatterns = [
    path("", finding.home, name="home"),
    path("nearby/", finding.nearby, name="nearby"),
    path("category/<slug:slug>/", finding.category, name="category"),
    path("region/", finding.choose_region, name="regions"),
    path("map/", maps.map_page, name="map"),
    path("map/points/", maps.map_points, name="map_points"),
    path("map/card/<str:store_ref>/", maps.map_card, name="map_card"),
    path("store/<str:store_ref>/", shops.store, name="store"),
    path("deal/<str:offer_ref>/", shops.deal, name="deal"),
    path("deal/<str:offer_ref>/buy/", buying.checkout, name="checkout"),
    path("pay/<str:order_ref>/", buying.pay_again, name="pay_again"),
    path("pay/<str:order_ref>/return/", buying.pay_return, name="pay_return"),
    path("orders/", keeping.order_list, name="orders"),
    path("orders/<str:order_ref>/", keeping.order, name="order"),
    path("wallet/", keeping.wallet, name="wallet"),
    path("voucher/<str:voucher_ref>/", keeping.voucher, name="voucher"),
    path("voucher/<str:voucher_ref>/refund/", keeping.voucher_refund, name="voucher_refund"),
    path("me/", me.me, name="me"),
    path("me/consents/<str:merchant_ref>/withdraw/", me.withdraw_consent, name="withdraw_consent"),
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in/code/", signing_in.sign_in_code, name="sign_in_code"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
]
