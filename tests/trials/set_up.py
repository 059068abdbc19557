"""The least a firm needs to be called through the API: `python -m tests.trials.set_up` prints an administrator's key."""

from __future__ import annotations

import json

from noren.config.cli.ground import ground

if __name__ == "__main__":
    with ground():
        from django.db import connection

        from noren.accounts.actions.keys import issue_key
        from noren.accounts.actions.setup import appoint_admin, found_firm
        from noren.sales.actions.setup import found_pipeline
        from tests.trials.site import TABLE

        found_firm("青葉計測株式会社", locale="en")
        pipeline = found_pipeline()
        admin = appoint_admin("trials@example.jp", "Trials", "long enough for a trial", locale="en")
        _key, secret = issue_key("trials", "write", by=admin.actor())
        with connection.cursor() as cursor:
            cursor.execute(TABLE)
        stage = pipeline.stages.order_by("position").first()
        print(json.dumps({"secret": secret, "pipeline": pipeline.pk, "stage": stage.pk if stage else None}))
