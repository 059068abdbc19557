"""`python -m noren` is `noren`."""

from noren.config.cli import main

main()
