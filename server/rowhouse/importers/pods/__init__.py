"""The import of running pods, whichever IPAM assigned their addresses."""
