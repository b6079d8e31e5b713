"""From a scan of logs to the named cause: clues are seen once, each rule weighs them, the ranking adds up to 1.

Pure: no clock, no socket, no file. What was looked up or read elsewhere comes in as `background`.
"""
