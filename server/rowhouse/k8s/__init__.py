"""Kubernetes: who lives there, and what is told to it."""
