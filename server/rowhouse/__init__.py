"""Rowhouse: IP address management for Kubernetes secondary networks, stored in PostgreSQL."""
