"""`noren createadmin`: the first person who may log in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from noren.config.cli.ground import Refused, ground

EMAIL = typer.Argument(help="The e-mail address to log in with.", show_default=False)
NAME = typer.Option("--name", help="Full name; the e-mail address when left out.")
STDIN = typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")


def createadmin(
    email: Annotated[str, EMAIL], name: Annotated[str, NAME] = "", password_stdin: Annotated[bool, STDIN] = False
) -> None:
    """Create an administrator, who may then invite everyone else in the browser."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with ground():
        from django.contrib.auth import get_user_model
        from django.contrib.auth.password_validation import validate_password
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email
        from django.db import transaction

        people = get_user_model().objects
        try:
            validate_email(email)
            validate_password(password)
        except ValidationError as fault:
            raise Refused(" ".join(fault.messages)) from fault
        with transaction.atomic():
            if people.filter(email__iexact=email).exists():
                raise Refused(f"{email} can log in already: choose another address, or reset the password in the browser.")
            people.create_superuser(email=email, password=password, name=name or email)
    print(f"{email} may now log in as administrator.")
