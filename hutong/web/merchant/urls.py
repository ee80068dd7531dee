"""Addresses of the shop's pages."""

from django.urls import path

from hutong.web.merchant import customers, deals, desk, scan, today

urlpatterns = [
    path("", today.today, name="merchant_today"),
    path("scan/", scan.scan, name="merchant_scan"),
    path("scan/undo/<str:redemption_ref>/", scan.undo, name="merchant_undo"),
    path("deals/", deals.deals, name="merchant_deals"),
    path("deals/<str:offer_ref>/", deals.deal, name="merchant_deal"),
    path("deals/<str:offer_ref>/switch/", deals.switch, name="merchant_switch"),
    path("customers/", customers.customer_list, name="merchant_customers"),
    path("customers/<str:customer_ref>/", customers.customer, name="merchant_customer"),
    path("desk/", desk.desk_page, name="merchant_desk"),
    path("desk/choose/", desk.choose, name="merchant_choose"),
    path("desk/pair/", desk.pair, name="merchant_pair"),
    path("desk/unpair/", desk.unpair_here, name="merchant_unpair_here"),
    path("desk/unpair/<str:device_ref>/", desk.unpair, name="merchant_unpair"),
]
