"""The nouns every stage shares: where a fact was read, what is wrong with it, what an experiment measured.

Frozen dataclasses, standard library only, no input or output.
"""
