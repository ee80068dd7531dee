"""Addresses of the operator's pages."""

from django.urls import path

from hutong.web.operator import (
    acting,
    audit,
    bills,
    books,
    commission,
    figures,
    gift_cards,
    merchants,
    orders,
    site,
)
from hutong.web.operator.queue import documents, reasons
from hutong.web.operator.queue import views as queue

urlpatterns = [
    path("", figures.figures, name="operator_figures"),
    path("queue/", queue.queue, name="operator_queue"),
    path("queue/together/", queue.together, name="operator_together"),
    path("queue/undo/", queue.take_back, name="operator_take_back"),
    path("queue/reasons/", reasons.reasons, name="operator_reasons"),
    path("queue/reasons/save/", reasons.save, name="operator_reason_save"),
    path("queue/reasons/retire/", reasons.retire, name="operator_reason_retire"),
    path("queue/<str:ref>/", queue.item, name="operator_item"),
    path("queue/<str:ref>/document/", documents.claim_document, name="operator_claim_document"),
    path("queue/<str:ref>/decide/", queue.decide, name="operator_decide"),
    path("merchants/", merchants.merchant_list, name="operator_merchants"),
    path("merchants/<str:merchant_ref>/", merchants.merchant, name="operator_merchant"),
    path("merchants/<str:merchant_ref>/state/", merchants.decide, name="operator_merchant_state"),
    path("merchants/<str:merchant_ref>/facts/", merchants.facts, name="operator_merchant_facts"),
    path("merchants/<str:merchant_ref>/act/", acting.start, name="operator_act"),
    path("acting/stop/", acting.stop, name="operator_act_stop"),
    path("orders/", orders.order_list, name="operator_orders"),
    path("orders/<str:order_ref>/", orders.order, name="operator_order"),
    path("orders/<str:order_ref>/refund/", orders.refund, name="operator_refund"),
    path("refunds/", orders.refunds, name="operator_refunds"),
    path("refunds/<str:refund_ref>/resend/", orders.resend, name="operator_resend"),
    path("books/", books.books, name="operator_books"),
    path("bills/", bills.bills, name="operator_bills"),
    path("bills/<str:difference_ref>/explain/", bills.explain, name="operator_explain_difference"),
    path("bills/<str:difference_ref>/confirm/", bills.confirm, name="operator_confirm_write_off"),
    path("bills/<str:difference_ref>/take-back/", bills.take_back, name="operator_take_back_explanation"),
    path("commission/", commission.commission, name="operator_commission"),
    path("commission/rule/", commission.make, name="operator_commission_make"),
    path("commission/<str:rule_ref>/end/", commission.end, name="operator_commission_end"),
    path("gift-cards/", gift_cards.gift_cards, name="operator_gift_cards"),
    path("gift-cards/<str:card_ref>/block/", gift_cards.block, name="operator_gift_card_block"),
    path("gift-cards/<str:card_ref>/unblock/", gift_cards.unblock, name="operator_gift_card_unblock"),
    path("audit/", audit.audit_log, name="operator_audit"),
    path("site/", site.site, name="operator_site"),
    path("site/pages/<str:name>/", site.edit_page, name="operator_site_page"),
    path("site/announce/", site.announce, name="operator_announce"),
    path(
        "site/announcements/<str:announcement_ref>/end/",
        site.end_announcement,
        name="operator_end_announcement",
    ),
    path(
        "site/features/<str:region_ref>/<str:feature>/",
        site.switch_feature,
        name="operator_switch_feature",
    ),
    path("site/categories/", site.categories, name="operator_categories"),
]
