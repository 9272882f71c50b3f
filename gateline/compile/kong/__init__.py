"""Compiles a gateway to Kong's declarative configuration, and fences the Python plugins of a foreign one."""
