"""Different callouts behind one real Envoy, side by side: `make bench`, `python -m bench.gateway`.

What is compared is what a user pays: requests a second through Envoy, and CPU of the process that decides. Ratios
count, since all rows run in one run, in turn, on the same machine; `docs/performance.md` says how to read them.
"""
