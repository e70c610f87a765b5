"""Networks and pools, their settings, and how full they are."""
