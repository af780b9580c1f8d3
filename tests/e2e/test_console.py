"""The console on the deployed stack: somebody signs in, looks around and signs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.kit.deployed import ADMIN, PASSWORD, Answer, DeployedStack, http

FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Browser:
    """Keeps cookies and follows no redirect by itself."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """The answer to a request from a page of the same origin."""
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers |= FORM | {"origin": self.origin, "sec-fetch-site": "same-origin"}
        answer = http(method, self.origin + path, headers=headers, body=body)
        for made in answer.headers.get_all("set-cookie", []):
            name, _, value = made.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in made:
                del self.cookies[name]
        return answer

    def follow(self, answer: Answer) -> Answer:
        """The page that an answer redirects to, on the same origin."""
        assert answer.status in (302, 303), answer.body
        return self.ask("GET", answer.headers["location"].removeprefix(self.origin))


def test_somebody_signs_in_sees_the_history_and_signs_out(deployed: DeployedStack) -> None:
    address = urlsplit(deployed.stack.console_url)
    browser = Browser(f"{address.scheme}://{address.netloc}")

    welcome = browser.follow(browser.ask("GET", address.path))
    assert b"Sign in" in welcome.body
    redirect = browser.ask("GET", f"{address.path}console/sign-in?to=/imports")
    query = dict(parse_qsl(urlsplit(redirect.headers["location"]).query))
    form = urlencode(query | {"username": ADMIN, "password": PASSWORD}).encode()
    history = browser.follow(browser.follow(browser.ask("POST", "/login", form)))

    assert history.status == 200
    assert b"<h1>History</h1>" in history.body
    assert sorted(browser.cookies) == ["__Host-handover-id", "__Host-handover-refresh"]

    home = browser.follow(
        browser.follow(browser.ask("POST", f"{address.path}console/sign-out", b""))
    )
    left = browser.follow(home)

    assert browser.cookies == {}
    assert b"Sign in" in left.body
