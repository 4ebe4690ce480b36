"""Servers to try things on; nothing that production needs."""
