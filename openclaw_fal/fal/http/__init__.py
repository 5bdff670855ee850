"""httpx, with a deadline over the whole request and a check of each address before connecting.

Only this package imports httpx and httpcore, and only when a request is sent.
"""
