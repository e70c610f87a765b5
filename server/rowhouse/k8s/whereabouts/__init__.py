"""The objects in which whereabouts stores its addresses: their names, keys and URLs, exactly as in v0.9."""
