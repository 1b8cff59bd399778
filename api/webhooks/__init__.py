"""Telling a CSMS: signed messages (Standard Webhooks), at least once and in order, to addresses that may be reached."""
