"""A site that is alive without a CSMS: simulated cars plug in, draw and leave, so that a newcomer sees plans change.

``place`` is what stands there, ``cars`` how cars behave, ``station`` what a charge point makes of profiles, ``life``
lets time pass through the use cases that a CSMS calls. It appears in an empty store alone, and only without keys.
"""
