"""The pages, for people: `/`. A folder for each feature, with its view, its template and its queries' shapes.

`view.py` is the table of contents; `layout/` is what all pages share.
"""
