"""Make companies and jobs so many times in a transaction that does not come about."""

from __future__ import annotations

import sys

from noren.config.cli.ground import ground


class Away(Exception):
    pass


if __name__ == "__main__":
    with ground():
        from django.db import transaction

        from noren.contacts.models import Company
        from noren.core.access.actor import HOUSE
        from noren.core.action.plain import create
        from noren.core.job.job import later
        from tests.trials.site import probe

        for number in range(int(sys.argv[1])):
            try:
                with transaction.atomic():
                    create(Company, {"legal_name": f"T12 {number}"}, by=HOUSE)
                    later(probe, key=f"T12 {number}")
                    raise Away
            except Away:
                continue
