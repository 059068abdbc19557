"""Where a request came from."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The address of the visitor. X-Forwarded-For counts only as far as trusted proxies wrote it, read from the right."""
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    at = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    while hops and _is_trusted(at):
        at = hops.pop()
    try:
        return str(ip_address(at))
    except ValueError:
        return request.META.get("REMOTE_ADDR") or "127.0.0.1"


def _is_trusted(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in settings.TRUSTED_PROXIES)
