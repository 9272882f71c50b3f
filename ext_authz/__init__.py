"""The Envoy adapter: gRPC services that translate Envoy's messages to requests, and decisions to answers."""
