"""Remedies: what to write into manifests so that a pitfall or a failure ends, each with the scenarios that prove it.

Pure: facts and findings in, manifests and edits out. Files are read and written by the command.
"""
