"""Buying together: what is asked for (`asking`), the place of an order (`places`), and how groups end (`settle`)."""
