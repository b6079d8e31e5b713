"""Access log formats. One a file, each with `FORMAT`, a function from a line to a Row or None."""
