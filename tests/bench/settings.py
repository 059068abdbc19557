"""noren's settings, with one page more: an empty one, behind the same middleware, to compare with."""

from noren.config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
