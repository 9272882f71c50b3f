"""What every configuration model is made of."""
