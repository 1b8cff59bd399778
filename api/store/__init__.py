"""What the service remembers: documents with revisions, a journal that is only added to, and leases with epochs.

``records`` are the nouns, ``port`` the verbs. ``memory`` and ``sql`` do the same thing and pass the same tests.
"""
