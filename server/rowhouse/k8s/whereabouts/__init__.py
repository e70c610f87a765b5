"""The objects in which whereabouts keeps its addresses: their names, keys and URLs, to the letter of v0.9."""
