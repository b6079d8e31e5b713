"""Two configurations side by side: what is different, for which host, and which manifest or release explains it."""
