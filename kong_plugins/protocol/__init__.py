"""Kong's two plugin protocols, sans-io."""
