"""Networks and pools with all that is set on them, and how full they are."""
