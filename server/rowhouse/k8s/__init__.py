"""Kubernetes: running pods, events, the mirror, and the controller."""
