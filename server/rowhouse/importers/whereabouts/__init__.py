"""The import of whereabouts' pools and addresses. The format of its objects is in `k8s/whereabouts/`."""
