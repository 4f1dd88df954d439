"""The page of whoever runs it."""

"""placeholder"""
