"""Real DNS messages: the authority that the lab moves, and the firewall's forwarder that learns from its answers."""
