"""From a gateway file to a proxy's own configuration: a neutral plan first, then one room per proxy."""
