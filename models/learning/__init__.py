"""What past sessions say of drivers who tell nothing: how likely they are still there, and still want energy.

``history`` reads past sessions, ``learn`` counts them, ``curves`` turns counts into shares, with coarser groups and the
``prior`` standing in where counts are few, ``chances`` says them of one session, ``of_session`` fills its gaps.
"""
