"""Importers: each folder reads one source and converts it to an `Inventory` (domain/importing.py).

The command of the source (`cli/importing.py`) passes the inventory to `ipam/importing.py`, which writes it into the
database in batches, by the stored functions that `store/allocation/importing.py` calls. Copy `whereabouts/`; `files.py`
reads the objects that `kubectl get -o yaml` saved.
"""
