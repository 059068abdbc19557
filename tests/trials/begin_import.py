"""Take a file of companies in and hand it to the worker; prints the number of the import."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from noren.config.cli.ground import acting, ground

if __name__ == "__main__":
    with ground():
        from noren.core.record.declare import record_of
        from noren.core.record.intake import run as intake

        file = Path(sys.argv[1])
        made = intake.begin(record_of("contacts.company"), file, file.name, acting("trials@example.jp", via="import"))
        made.options = {**made.options, "on_match": "create", "automations": False}
        made.save()
        intake.start(made)
        print(json.dumps({"run": made.pk, "mapping": made.mapping}))
