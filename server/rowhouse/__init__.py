"""Rowhouse: IP address management for Kubernetes secondary networks, kept in PostgreSQL."""
