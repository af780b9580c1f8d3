"""Where the console finds the API and the sign-in pages; the one place that reads os.environ."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses without a slash at the end.

    `base` is the path under which the API answers, "" on AWS. `origin` is the scheme and host that
    browsers use, "" to take the domain of the request.
    """

    api_url: str
    issuer: str
    keys_url: str
    client_id: str
    sign_in_url: str
    upload_origins: str
    base: str = ""
    origin: str = ""

    @property
    def pool_url(self) -> str:
        """Where the user pool answers somebody with an access token; its keys are there, too."""
        keys = urlsplit(self.keys_url)
        return f"{keys.scheme}://{keys.netloc}"


@cache
def settings() -> Settings:
    """The settings that the environment names."""
    api_url, issuer = os.environ["API_URL"], os.environ["ISSUER"]
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if endpoint:
        return _on_embedded_aws(endpoint, api_url, issuer)
    return Settings(
        api_url=api_url,
        issuer=issuer,
        keys_url=os.environ["KEYS_URL"],
        client_id=os.environ["CLIENT_ID"],
        sign_in_url=os.environ["SIGN_IN_URL"],
        upload_origins=os.environ["UPLOAD_ORIGINS"],
    )


def _on_embedded_aws(endpoint: str, api_url: str, issuer: str) -> Settings:
    """The embedded AWS answers at one address; the API's id is part of the path there."""
    base = f"/_aws/execute-api/{(urlsplit(api_url).hostname or '').split('.')[0]}"
    pool = issuer.rsplit("/", 1)[-1]
    return Settings(
        api_url=f"{endpoint}{base}",
        issuer=issuer,
        keys_url=f"{endpoint}/{pool}/.well-known/jwks.json",
        client_id=os.environ["CLIENT_ID"],
        sign_in_url=endpoint,
        upload_origins=endpoint,
        base=base,
        origin=endpoint,
    )
