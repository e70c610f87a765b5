"""Addresses, ranges, owners and errors: pure values, no Flask, no SQL."""
