"""Pages for the operator, at ``/``: rendered here, live by server-sent events, without a word from any other host.

``visitors`` says who looks, ``answers`` how pages are answered, ``assets`` with what they are drawn; ``views`` turn
what is kept of a site into what is shown, and ``pages`` and ``acting`` are the addresses.
"""
