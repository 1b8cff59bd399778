"""Addresses of the service: parse, call a use case, answer."""
