"""The web pages at `/`. Each feature has a folder with its view, its templates and the shapes of its queries.

`view.py` is the table of contents; `layout/` holds what all pages share. The list of pools, on the overview and on the
page of a network, is `overview/pools.html`.
"""
