import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from desk import ADMIN_KEY, CALLERS, QUESTIONS, ROOT, Gateway, Vendor, live_through

# `UPDATE=1` renews the pictures of the documentation; otherwise they are made and thrown away.
PICTURES = ROOT / "docs/images" if os.environ.get("UPDATE") else ROOT / "target/console-images"


@pytest.fixture(scope="session")
def vendor():
    vendor = Vendor()
    yield vendor
    vendor.stop()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, vendor):
    """A gateway that has been running for a day."""
    folder = tmp_path_factory.mktemp("gateway")
    live_through(folder, vendor)
    gateway = Gateway(folder, vendor)
    for name, prompt in [*QUESTIONS, *QUESTIONS, *QUESTIONS[:10]]:
        gateway.ask(CALLERS[name][1], prompt)
    for name, team, more in [("intranet-search", "engineering", {"data_floor": "confidential", "budgets": ["5/month"]}),
                             ("invoice-reader", "support", {"expires": "180d", "requests_per_minute": 120, "budgets": ["40/month warn_at=80%", "4/day"]}),
                             ("pilot-2025", "legal", {"models": ["auto"]})]:
        gateway.manage("POST", "keys", {"name": name, "team": team, **more})
    gateway.manage("POST", "keys/invoice-reader/rotate")
    gateway.manage("DELETE", "keys/pilot-2025")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--font-render-hinting=none"])
        yield browser
        browser.close()


def smaller(image):
    """The same with the 256 colours that it has most of: a page has few, and its letters' edges hardly show it."""
    colours = sorted(image.getcolors(1 << 24), reverse=True)[:256]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in colours for part in colour])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


class Visitor:
    """A page that notes whatever it should not do."""

    def __init__(self, browser, gateway, **options):
        self.gateway = gateway
        options.setdefault("viewport", {"width": 1280, "height": 860})
        self.context = browser.new_context(base_url=gateway.admin, **options)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self.requested)

    def requested(self, request):
        if not request.url.startswith(self.gateway.admin):
            self.complaints.append(f"asked for {request.url}")

    def sign_in(self):
        self.page.goto("/console")
        self.page.fill("#key", ADMIN_KEY)
        self.page.press("#key", "Enter")
        self.page.wait_for_url("**/console")
        return self

    def picture(self, name, full=True):
        PICTURES.mkdir(parents=True, exist_ok=True)
        file = PICTURES / f"{name}.png"
        # The pointer would colour what it is over.
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=file, full_page=full)
        with Image.open(file) as image:
            smaller(image.convert("RGB")).save(file, optimize=True)


@pytest.fixture
def visit(chromium, gateway):
    visitors = []

    def visit(**options):
        visitors.append(Visitor(chromium, gateway, **options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.context.close()
        assert visitor.complaints == []
