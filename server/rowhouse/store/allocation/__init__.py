"""Addresses are assigned, released, reserved and imported."""
