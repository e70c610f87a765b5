"""The agent: carries the plugin's calls over a few kept connections, with a token that stays in memory.

One thread accepts, at most MAX_THREADS carry one call each, one waits for slow requests, one ticks (it keeps waiting
plugins informed and the socket in its place), one replays kept DELs.
"""
