"""Client certificates: read, verified against an authority, and told by a proxy in front of ours."""
