"""HTTP: httpx, with one deadline over everything and a look at each address.

Only this package imports httpx and httpcore, and only when a request is sent.
"""
