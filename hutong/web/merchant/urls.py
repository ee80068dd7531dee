"""Addresses of the shop's pages."""

from django.urls import path

from hutong.web.merchant import audit, customers, deal_form, deals, desk, scan, stores, team, today

urlpatterns = [
    path("", today.today, name="merchant_today"),
    path("audit/", audit.audit_log, name="merchant_audit"),
    path("scan/", scan.scan, name="merchant_scan"),
    path("scan/undo/<str:redemption_ref>/", scan.undo, name="merchant_undo"),
    path("deals/", deals.deals, name="merchant_deals"),
    path("deals/new/", deal_form.begin, name="merchant_deal_new"),
    path("deals/drafts/<str:sketch_ref>/delete/", deal_form.drop, name="merchant_draft_delete"),
    path("deals/drafts/<str:sketch_ref>/restore/", deal_form.restore, name="merchant_draft_restore"),
    path("deals/drafts/<str:sketch_ref>/<str:step>/", deal_form.step, name="merchant_deal_step"),
    path("deals/<str:offer_ref>/", deals.deal, name="merchant_deal"),
    path("deals/<str:offer_ref>/edit/", deal_form.edit, name="merchant_deal_edit"),
    path("deals/<str:offer_ref>/copy/", deal_form.copy, name="merchant_deal_copy"),
    path("deals/<str:offer_ref>/end/", deals.end, name="merchant_deal_end"),
    path("deals/<str:offer_ref>/withdraw/", deals.withdraw, name="merchant_deal_withdraw"),
    path("deals/<str:offer_ref>/switch/", deals.switch, name="merchant_switch"),
    path("customers/", customers.customer_list, name="merchant_customers"),
    path("customers/<str:customer_ref>/", customers.customer, name="merchant_customer"),
    path("desk/", desk.desk_page, name="merchant_desk"),
    path("desk/choose/", desk.choose, name="merchant_choose"),
    path("desk/pair/", desk.pair, name="merchant_pair"),
    path("desk/unpair/", desk.unpair_here, name="merchant_unpair_here"),
    path("desk/unpair/<str:device_ref>/", desk.unpair, name="merchant_unpair"),
    path("desk/pairing/", desk.open_pairing, name="merchant_pairing_new"),
    path("desk/pairing/<str:pairing_ref>/", desk.pairing, name="merchant_pairing"),
    path("team/", team.team, name="merchant_team"),
    path("team/invite/", team.invite, name="merchant_invite"),
    path("team/leave/", team.leave, name="merchant_leave"),
    path("team/invitations/<str:invitation_ref>/", team.invitation, name="merchant_invitation"),
    path(
        "team/invitations/<str:invitation_ref>/revoke/",
        team.revoke_invitation,
        name="merchant_invitation_revoke",
    ),
    path("team/<int:staff_id>/", team.member, name="merchant_member"),
    path("team/<int:staff_id>/remove/", team.remove, name="merchant_member_remove"),
    path("team/<int:staff_id>/hand-over/", team.hand_over, name="merchant_hand_over"),
    path("stores/", stores.store_list, name="merchant_stores"),
    path("stores/<str:store_ref>/state/", stores.set_state, name="merchant_store_state"),
    path("company/", stores.facts, name="merchant_facts"),
]
