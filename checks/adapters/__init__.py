"""Implementations of every make, behind the one face that the checks know."""
