"""Draw one experiment three times: for a terminal, as one HTML file, as JSON.

Decides nothing: all judgement is in the data.
"""
