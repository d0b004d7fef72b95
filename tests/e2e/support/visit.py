"""A page that notices what a user would not forgive: errors, blocked styles, jumps, weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.e2e.support.fake_api import EMAIL, PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

PHONE_WIDTH: Final = 390
DESKTOP_WIDTH: Final = 1440
_HEIGHTS: Final = {PHONE_WIDTH: 844, DESKTOP_WIDTH: 900}

_WATCH: Final = """
window.watched = { shift: 0, blocked: [] };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.watched.shift += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
document.addEventListener('securitypolicyviolation', (event) => {
  window.watched.blocked.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""

_SETTLED: Final = """() => document.querySelector('h1')
  && !document.querySelector('.bone, .bone-card, .bone-input, .boot, .screen-wait')
  && [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.u-wrap'))
  && [...document.querySelectorAll('.qr')].every((code) => code.querySelector('svg'))"""


class Visit:
    """One page, with what went wrong on it."""

    def __init__(self, context: BrowserContext, base: str, width: int) -> None:
        self.base = base
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.bytes = 0
        self._width = width
        self.page.add_init_script(_WATCH)
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        session = context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def open(self, path: str) -> Page:
        """Go to a screen by its path below the root and wait until it shows what it has to show."""
        self.page.goto(self.base + path.lstrip("/"))
        return self.settle()

    def settle(self) -> Page:
        """Wait until nothing on the page is a placeholder any more."""
        self.page.wait_for_function(_SETTLED)
        return self.page

    @property
    def shift(self) -> float:
        """The layout shift so far, without what followed a person's own input."""
        return float(self.page.evaluate("window.watched.shift"))

    @property
    def blocked(self) -> list[str]:
        """What the content security policy refused."""
        found: list[str] = self.page.evaluate("window.watched.blocked")
        return found

    def photograph(self, path: Path) -> None:
        """Keep a picture of the whole page, as if the screen were that high."""
        path.parent.mkdir(parents=True, exist_ok=True)
        height = int(self.page.evaluate("document.documentElement.scrollHeight"))
        self.page.set_viewport_size({"width": self._width, "height": max(height, _HEIGHTS[self._width])})
        self.page.screenshot(path=path)
        self.page.set_viewport_size({"width": self._width, "height": _HEIGHTS[self._width]})


class Visits:
    """Makes visits; contexts of one look (theme, width, signed in or not) are shared, pages never."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self._browser = browser
        self._contexts: dict[tuple[str, int, bool], BrowserContext] = {}

    def new(self, *, theme: str = "light", width: int = DESKTOP_WIDTH, signed_in: bool = True) -> Visit:
        """Open an empty page with this look."""
        look = (theme, width, signed_in)
        if look not in self._contexts:
            phone = width == PHONE_WIDTH
            context = self._browser.new_context(
                viewport={"width": width, "height": _HEIGHTS[width]},
                color_scheme="dark" if theme == "dark" else "light",
                is_mobile=phone,
                has_touch=phone,
                locale="en-GB",
                reduced_motion="reduce",
            )
            self._contexts[look] = context
            if signed_in:
                self._sign_in(context)
        return Visit(self._contexts[look], self.base, width)

    def _sign_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(self.base + "sign-in")
        page.evaluate(
            """async ([email, password]) => {
              await fetch('api/v1/auth/sign-in', {
                method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({email, password}),
              });
              localStorage.setItem('quayside.session', '1');
            }""",
            [EMAIL, PASSWORD],
        )
        page.close()

    def close(self) -> None:
        """Close every context and what is open in it."""
        for context in self._contexts.values():
            context.close()
