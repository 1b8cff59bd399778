"""OpenADR: what its messages mean. ``v3`` is 3.0.1 and 3.1, ``v20b`` is 2.0b; sockets are in api.edges."""
