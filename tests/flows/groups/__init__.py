"""Buying together, flow by flow."""
