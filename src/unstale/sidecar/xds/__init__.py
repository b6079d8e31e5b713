"""Delta xDS: what Envoy is told, in which order, and what it answered.

`snapshot` is what should be in force, `encode` turns Envoy's JSON into messages, `state` decides what to send (no gRPC,
no asyncio, no clock), `server` carries it. Nothing else in the project imports grpc or protobuf.
"""
