"""Plain HTTP: connections that respect the machine's proxy and certificates."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0


def pool_for(url: str) -> urllib3.PoolManager:
    """Connections for `url`, through the proxy in the environment, if any."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    certificates = os.environ.get("AWS_CA_BUNDLE")
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, timeout=timeout, ca_certs=certificates)
    return urllib3.PoolManager(timeout=timeout, ca_certs=certificates)
