"""The way of one request: sent, waited for, collected, picked up again."""
