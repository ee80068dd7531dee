"""Addresses of the operator's pages."""

from django.urls import path

from hutong.web.operator import books, figures, orders, queue

urlpatterns = [
    path("", figures.figures, name="operator_figures"),
    path("queue/", queue.queue, name="operator_queue"),
    path("queue/<str:ref>/", queue.item, name="operator_item"),
    path("queue/<str:ref>/decide/", queue.decide, name="operator_decide"),
    path("orders/", orders.order_list, name="operator_orders"),
    path("orders/<str:order_ref>/", orders.order, name="operator_order"),
    path("orders/<str:order_ref>/refund/", orders.refund, name="operator_refund"),
    path("refunds/", orders.refunds, name="operator_refunds"),
    path("refunds/<str:refund_ref>/resend/", orders.resend, name="operator_resend"),
    path("books/", books.books, name="operator_books"),
]
