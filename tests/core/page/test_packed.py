"""Answers are gzipped for those who take it, and only then."""

from __future__ import annotations

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from noren.core.page.middleware import Packed

LONG = "<p>長い本文</p>" * 500


def answered(response: HttpResponse, accept: str = "gzip, deflate, br") -> HttpResponse:
    return Packed(lambda request: response)(RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accept))


def test_a_long_page_is_packed_and_whole():
    got = answered(HttpResponse(LONG))
    assert got.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in got.headers["Vary"]
    assert int(got.headers["Content-Length"]) == len(got.content) < len(LONG.encode()) / 5
    assert gzip.decompress(got.content).decode() == LONG


def test_the_length_tells_nothing_exact():
    assert len({len(answered(HttpResponse(LONG)).content) for _ in range(30)}) > 1


@pytest.mark.parametrize(
    "response", [HttpResponse("short"), StreamingHttpResponse([LONG]), HttpResponse(LONG, content_type="image/png")]
)
def test_what_is_short_streamed_or_packed_already_goes_as_it_is(response):
    assert not answered(response).has_header("Content-Encoding")


def test_nobody_gets_what_they_did_not_ask_for():
    assert answered(HttpResponse(LONG), accept="").content.decode() == LONG
