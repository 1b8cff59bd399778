"""Utilities that the running service is connected to: asked, listened to, answered, and told on to the sites.

``forms`` is what an operator tells, ``state`` what is known of each; one module for each protocol; ``asking`` hands on
to the sites, ``running`` is called by the clock. Nothing that must last is kept in a process.
"""
