"""Calling the API as a program does: a key, JSON in, JSON out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.test import Client

from noren.accounts.models import ApiKey, User
from noren.accounts.models.key import digest_of, new_secret


def key(user: User, scope: str = "write", expires_on: date | None = None) -> str:
    """A fresh key of a user; the secret."""
    secret = new_secret()
    ApiKey(
        user=user, name="test", scope=scope, start=secret[:8], digest=digest_of(secret), expires_on=expires_on
    ).save()
    return secret


class Program:
    """A caller with a key. `api.post("sales/deals", title=…)` gives (status, body)."""

    def __init__(self, secret: str = "", **head: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.head = {"Accept-Language": "en", **({"Authorization": f"Bearer {secret}"} if secret else {}), **head}

    @classmethod
    def of(cls, user: User, scope: str = "write", **head: str) -> Program:
        return cls(key(user, scope), **head)

    def send(self, method: str, path: str, body: Any = None, params: dict[str, Any] | None = None, **head: str) -> Any:
        """The whole response; a str or bytes body goes out as it is."""
        url = path if path.startswith("/") else f"/api/v1/{path}"
        data = body if isinstance(body, (str, bytes)) else json.dumps(body) if body is not None else ""
        return self.client.generic(
            method, url, data, "application/json", query_params=params, headers={**self.head, **head}
        )

    def _told(self, response: Any) -> tuple[int, Any]:
        return response.status_code, json.loads(response.content) if response.content else None

    def get(self, path: str, **params: Any) -> tuple[int, Any]:
        return self._told(self.send("GET", path, params=params))

    def post(self, path: str, body: Any = None, **head: str) -> tuple[int, Any]:
        return self._told(self.send("POST", path, body if body is not None else {}, **head))

    def patch(self, path: str, body: Any, **head: str) -> tuple[int, Any]:
        return self._told(self.send("PATCH", path, body, **head))

    def delete(self, path: str) -> tuple[int, Any]:
        return self._told(self.send("DELETE", path))
