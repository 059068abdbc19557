"""`noren createadmin`: the first person who may log in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from noren.config.cli.ground import Refused, ground

EMAIL = typer.Argument(help="The e-mail address to log in with.", show_default=False)
NAME = typer.Option("--name", help="Full name; the first part of the e-mail address when left out.")
FIRM = typer.Option("--firm", help="Name of your firm, for a new noren.")
LANGUAGE = typer.Option("--language", help="ja or en: of a new noren and of this person.")
FACTORS = typer.Option("--forget-factors", help="Also forget one-time codes and passkeys, for someone who lost them.")
STDIN = typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")


def createadmin(
    email: Annotated[str, EMAIL],
    name: Annotated[str, NAME] = "",
    firm: Annotated[str, FIRM] = "noren",
    language: Annotated[str, LANGUAGE] = "ja",
    password_stdin: Annotated[bool, STDIN] = False,
    forget_factors: Annotated[bool, FACTORS] = False,
) -> None:
    """Make someone an administrator, or give one who is locked out a new password."""
    if language not in ("ja", "en"):
        raise Refused("--language is ja or en.")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with ground():
        from django.contrib.auth.password_validation import validate_password
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email
        from django.db import transaction

        from noren.accounts.actions.setup import appoint_admin, found_firm
        from noren.sales.actions.setup import found_pipeline

        try:
            validate_email(email)
            validate_password(password)
        except ValidationError as fault:
            raise Refused(" ".join(fault.messages)) from fault
        with transaction.atomic():
            found_firm(firm, locale=language)
            found_pipeline(language)
            appoint_admin(email, name, password, language, forget_factors=forget_factors)
    print(f"{email} may now log in as administrator.")
