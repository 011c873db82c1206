"""Beside the pages.

api          the points since a sequence number, and what the browser loads
"""
