"""Fixtures of the page tests: the double, a Flask client, a served address, and Debian's Chromium."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from double import Double, Trial
from serving import flask_app, serving
from tabs import ARGUMENTS, CHROMIUM, PATIENCE, tab


@pytest.fixture
def services() -> Double:
    return Double()


@pytest.fixture
def trial(services: Double) -> Double:
    """The double in try mode."""
    services.settings.try_mode = True
    services.settings.emulator_url = "http://127.0.0.1:8901"  # served by nobody
    services.trying = Trial(services.dispatch)
    services.dispatch.add("sam", "right")
    return services


@pytest.fixture
def browse(services: Double):
    """A Flask client that behaves like a browser's tab."""
    return flask_app(services).test_client()


@pytest.fixture
def address(services: Double):
    with serving(services) as url:
        yield url


@pytest.fixture(scope="module")  # not longer: Playwright keeps an event loop in this thread
def chromium():
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is missing; install it with `apt-get install chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium, address):
    """A smartphone's browser: a page whose errors fail the test."""
    yield from tab(chromium, base_url=address, viewport={"width": 390, "height": 844}, has_touch=True)


@pytest.fixture
def plain_phone(chromium, address):
    """A smartphone's browser without JavaScript."""
    yield from tab(chromium, base_url=address, viewport={"width": 390, "height": 844}, java_script_enabled=False)


@pytest.fixture
def computer(chromium, address):
    yield from tab(chromium, base_url=address, viewport={"width": 1440, "height": 1000})
