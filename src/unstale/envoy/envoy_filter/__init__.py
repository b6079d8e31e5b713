"""EnvoyFilter on the outbound path: a pass over the compiled resources, one module for each `applyTo` (EF).

What is patched is the protobuf in its JSON form, so a patch needs to know which fields are maps, wrappers, durations
or of a type of their own: `api.py` has that from a table of Envoy's messages, `json_form.py` brings a user's JSON into
the form of the compiled resources, `merge.py` merges as protobuf does. `apply.py` puts the passes together.
"""
