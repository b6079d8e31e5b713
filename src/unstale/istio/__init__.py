"""Istio's networking API: manifests in, typed and validated resources out.

Pure: texts are given, nothing is read. `load.load` is the way in; everything it returns is frozen and knows the
place in the manifests it came from.
"""
