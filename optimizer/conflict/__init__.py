"""Which limits and wishes cannot all hold, by name, and the least change after which they can.

``named`` gives rows of a program the names of limits and sessions, ``elastic`` lets each of them give way and finds an
irreducible set that conflicts, ``impossible`` is for data that allow no plan; wishes are the business of
``optimizer.cure``.
"""
