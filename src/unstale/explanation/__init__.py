"""Why Envoy's configuration is as it is: which field of which manifest gave a value, or whose default it is."""
