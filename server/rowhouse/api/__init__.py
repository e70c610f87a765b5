"""The management REST API, `/api/v1`. `operations.py` is its table of contents."""
