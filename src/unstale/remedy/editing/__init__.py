"""Editing manifests in place: only what is touched changes, every other character stays.

Loading a text and writing it anew moves comments and changes quotes and indentation of what nobody asked for. So the
places of all values are looked up in the text, and pieces of it are replaced.
"""
