"""`noren check`: what is misset, in words."""

from __future__ import annotations

import typer


def check(
    mend: bool = typer.Option(
        False, "--mend", help="Compare next steps and numbers with all rows too, and write anew what differs."
    ),
) -> None:
    """Look at settings, database and declarations, and tell in words what is misset."""
    from noren.config import env as settings
    from noren.config import processes
    from noren.config.cli.ground import ground, tell

    remarks = [*settings.strangers(), *settings.remarks(settings.load())]
    with ground(up_to_date=False) as env:
        from django.core.checks import ERROR, run_checks
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        deployed = not env.debug and env.base_url.startswith("https")
        found = [each for each in run_checks(include_deployment_checks=deployed) if not each.is_silenced()]
        remarks += [" ".join(part for part in (str(message.msg), message.hint) if part) for message in found]
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if behind:
            remarks.append("The database is behind this version: run `noren migrate`, or just `noren serve`.")
        elif mend:
            from noren.activity.actions.mirror import differences, mirror_all

            if wrong := differences():
                mirror_all()
                remarks.append(f"Next steps were not what the activities say, and are again: {', '.join(wrong)}.")
        if not behind and processes.has_numbers():
            remarks += _numbers(mend)
        serious = any(message.level >= ERROR for message in found)
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            tell(f"noren keeps its data in {env.data}; PostgreSQL {cursor.fetchone()[0]}.")
    for remark in remarks:
        tell(remark)
    if serious:
        raise typer.Exit(1)
    print("Ready to serve." if not remarks else "Ready to serve, with the remarks above.")


def _numbers(mend: bool) -> list[str]:
    """Do the sums that the database keeps say what the rows say? Some months are compared, or all and made anew."""
    from noren.config import processes
    from noren.core.metric.cube import keep

    processes.without_limits()
    if mend and (made := keep.stand_up()):
        return [f"Numbers were not added up as this version wants them, and are now: {', '.join(made)}."]
    if away := keep.missing():
        return [
            f"Numbers are asked of the rows for now ({', '.join(away)}): run `noren migrate`, or just `noren serve`."
        ]
    wrong = keep.differences(everything=mend)
    if not wrong:
        return []
    told = "; ".join(map(str, wrong[:5]))
    if not mend:
        return [f"Numbers differ from the rows ({told}): run `noren check --mend`."]
    keep.rebuild(sorted({each.cube for each in wrong}))
    return [f"Numbers differed from the rows and are right again: {told}."]
