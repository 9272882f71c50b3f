"""What `gateline run` needs beside the sidecar: demo backends, demo keys, and other people's servers."""
