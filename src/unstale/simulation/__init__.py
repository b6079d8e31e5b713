"""What one request meets on its way through Envoy: listener, filter chain, virtual host, route, clusters.

Envoy's own matching rules, applied to configuration as plain data. Pure: no Envoy runs and no name is looked up.
"""
