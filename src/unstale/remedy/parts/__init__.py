"""Pieces of manifests as they follow from the facts of a host; remedies and the recommended policy share them."""
