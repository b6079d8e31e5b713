"""Pitfalls in manifests, found before they strike: one rule a file, judged by what the compiler makes of the manifests.

Pure: manifests and facts in, findings out.
"""
