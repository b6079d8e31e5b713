"""What can be seen in a case, one kind of observation a file, each with `SEE`; no clue knows any cause."""
