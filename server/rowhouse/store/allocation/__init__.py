"""Assign, release, reserve and import addresses."""
