"""Use cases of a live site: what its stations say comes in, plans are made of what is known, commands go out.

``operations`` is the face; ``live`` holds what is stored; ``hearing``, ``sending``, ``planning`` and ``takeover`` are
its steps, pure but for the solve; ``memory`` holds a twin of the store, product code where one process is enough.
"""
