"""Regular expressions as Istio and Envoy match them: RE2's syntax and RE2's answers, without RE2.

`syntax` reads an expression, `expression` matches it. Pure, standard library only.
"""
