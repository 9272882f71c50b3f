"""`python -m gateline`: what the processes that Gateline starts are called by."""

from gateline.cli.main import main

main()
