"""From a gateway to decisions: the order of the steps, building them, running them."""
