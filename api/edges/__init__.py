"""Peers: sockets, authentication, retries; no arithmetic."""
