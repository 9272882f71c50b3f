"""What is judged is what is forwarded: refuse what is not in normal form, never rewrite it."""
