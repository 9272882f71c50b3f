"""Our HTTP/2 and gRPC server: a protocol without sockets, and the asyncio shell around it."""
