"""What Istio's API server and admission webhook check above the schema: one module a kind."""
