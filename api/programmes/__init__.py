"""Programmes over the edges: their terms and rosters, nominations, offers, commitments and what is delivered."""
