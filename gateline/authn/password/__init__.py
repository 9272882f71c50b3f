"""Passwords: their stored hashes, and files of them."""
