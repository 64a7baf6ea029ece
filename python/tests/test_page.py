"""The server's web page in a real browser: what is open, what can be opened, a world as it runs, an episode step by step.

Pictures of it go to HYPERDUST_PAGE_PICTURES where that is set: the README's is made this way.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from server import running

import hyperdust

SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address of a server's wire and of its page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        page = f"127.0.0.1:{free.getsockname()[1]}"
    with running(tmp_path_factory.mktemp("server"), http=page) as server:
        yield server.address, f"http://{page}"


@pytest.fixture
def page() -> Iterator[Page]:
    """A browser's page. Whatever a script complains of fails the test."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SOFTWARE)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        heard = lambda said: said.type == "error" and "ERR_CONNECTION" not in said.text  # noqa: E731
        page.on("console", lambda said: complaints.append(said.text) if heard(said) else None)
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()
        assert not complaints


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("HYPERDUST_PAGE_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def painted(page: Page) -> int:
    """Colours in the middle of the world's picture: one where nothing was drawn."""
    box = page.locator("canvas.stage").bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 3, "y": box["y"] + box["height"] / 3}
    shot = page.screenshot(clip={**middle, "width": box["width"] / 3, "height": box["height"] / 3})
    return len(np.unique(imageio.imread(io.BytesIO(shot))[..., :3].reshape(-1, 3), axis=0))


def test_scenes(http: tuple[str, str], page: Page) -> None:
    page.goto(f"{http[1]}/#/scenes")
    expect(page.locator("article.card")).to_have_count(8)
    expect(page.locator("article.card").first).to_contain_text("provable")
    expect(page.locator("#state")).to_contain_text("up")
    for image in page.locator("article.card img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    picture(page, "scenes")


def test_a_world_as_it_runs_and_as_it_was(http: tuple[str, str], page: Page) -> None:
    wire, address = http
    # Every episode is 40 steps long: how many actions are drawn before the page shows them is the browser's matter.
    whole = {"max_episode_steps": 40, "terminate_when_unhealthy": False}
    envs = hyperdust.connect(wire, scene="ant", num_envs=4, record=True, **whole)
    envs.reset(seed=1)
    page.goto(address)
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("ant")
    row.locator("a").click()
    moved = re.compile(r"step \d+ · reward")
    frame = page.locator("#frame")
    for _ in range(400):
        envs.step(envs.action_space.sample())
        if moved.search(frame.inner_text()):
            break
    expect(frame).to_contain_text("return")
    assert painted(page) > 50
    picture(page, "live")
    for _ in range(60):
        envs.step(envs.action_space.sample())
    envs.close()

    page.goto(f"{address}/#/episodes")
    expect(page.locator("#state")).to_contain_text("up")
    page.locator("tbody tr a").first.click()
    expect(frame).to_contain_text("step 0 of 40")
    slider = page.locator("input[type=range]")
    slider.fill("25")
    expect(frame).to_contain_text("step 25 of 40")
    assert painted(page) > 50
    picture(page, "recorded")
    page.get_by_role("button", name="Play").click()
    expect(frame).to_contain_text("step 40 of 40")


def test_a_page_without_its_server_says_so(tmp_path: Path, page: Page) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with running(tmp_path / "server", http=address) as server:
        page.goto(f"http://{address}")
        expect(page.locator("#state")).to_contain_text("up")
        server.kill()
        expect(page.locator("#state")).to_have_class("lost")
