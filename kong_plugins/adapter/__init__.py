"""From Kong's PDK to values and back: what the plugin files share."""
