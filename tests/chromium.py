"""A browser to look at pages with: one headless Chromium, spoken to through a pipe in its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import time

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
MISSING = "no Chromium is installed (Debian's package: chromium)"
PATIENCE = 60  # seconds until it is taken for hung
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]


class Chromium:
    """One tab.

    `logged` is what came to the console since the page was opened, uncaught errors and violations of its policy
    included, `requested` every address that was asked for.
    """

    def __init__(self, profile):
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        options = [*QUIET, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        pipes = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'  # where Chromium expects them
        self.process = subprocess.Popen(
            ["bash", "-c", pipes, CHROMIUM, *options],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.session = b"", 0, None
        self.logged, self.requested, self.loaded = [], [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        os.close(self.write)
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.read)

    def call(self, method, **parameters):
        """Call a method of the protocol; what it returns."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium hangs"
            part = os.read(self.read, 1 << 20)
            assert part, "Chromium is gone"
            self.buffer += part
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, event):
        if method == "Runtime.consoleAPICalled":
            self.logged.append(" ".join(str(one.get("value", one.get("description"))) for one in event["args"]))
        elif method == "Runtime.exceptionThrown":
            self.logged.append(event["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Log.entryAdded":
            self.logged.append(event["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requested.append(event["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, address):
        """Open an address, and wait until all of it is loaded."""
        self._go("about:blank")  # else an address that differs in what stands behind its # alone loads nothing
        self.logged, self.requested = [], []
        self._go(address)

    def _go(self, address):
        self.loaded = False
        self.call("Page.navigate", url=address)
        self._wait()

    def _wait(self):
        while not self.loaded:
            self._next()

    def ask(self, expression):
        """The value of an expression of JavaScript, in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def follow(self, expression):
        """Do something in the page that leads to another, and wait until that is loaded."""
        self.loaded = False
        self.ask(expression)
        self._wait()

    def type(self, text):
        """Type a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def look_like(self, width, height=900, *, dark=False):
        """Be a window of so many pixels, light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def address(self):
        """That of the page."""
        return self.ask("location.href")

    def photograph(self):
        """What the window shows, as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def width(self):
        """Of the page, in pixels: more than the window's where it has to be scrolled sideways."""
        return self.ask("document.documentElement.scrollWidth")

    def wide(self):
        """The elements that stick out of the window to the right, but for what may be scrolled."""
        return self.ask(
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll > *')"
            " && e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML)"
        )

    def pictures(self):
        """The widths of all pictures that the page shows, in their own pixels; 0 for what is none."""
        return self.ask("[...document.images].map(image => image.naturalWidth)")
