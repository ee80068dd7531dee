"""Addresses of the way in. They are no desk's: strangers and people without a shop open them."""

from django.urls import path

from hutong.web.merchant import claims, guests, join

urlpatterns = [
    path("join/", join.join, name="join"),
    path("join/new/", join.join_new, name="join_new"),
    path("join/listing/<str:store_ref>/", claims.listing, name="join_listing"),
    path("join/listing/<str:store_ref>/document/", claims.document, name="join_document"),
    path("join/claims/<str:claim_ref>/", claims.claim, name="join_claim"),
    path("join/claims/<str:claim_ref>/withdraw/", claims.withdraw, name="join_withdraw"),
    path("join/again/<str:merchant_ref>/", join.join_again, name="join_again"),
    path("join/reopen/<str:store_ref>/", join.join_reopen, name="join_reopen"),
    path("invited/<str:invitation_ref>/<str:token>/", guests.invited, name="invited"),
    path("invited/<str:invitation_ref>/<str:token>/accept/", guests.accept, name="invited_accept"),
    path("pair/<str:pairing_ref>/<str:token>/", guests.pair_here, name="pair_here"),
]
