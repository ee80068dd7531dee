"""Migrations of an app that only one test installs."""
