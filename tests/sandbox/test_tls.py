"""The throw-away certificate, and the sandbox as a proxy in the place of fal's hosts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from openclaw_fal.sandbox import SANDBOX_KEY, Sandbox

BODY = {"prompt": "a cat"}
KEY = {"Authorization": "Key k"}


@pytest.fixture(scope="module")
def secure() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as running:
        yield running
    assert running.crashes == []


@pytest.fixture
def context(secure: Sandbox) -> ssl.SSLContext:
    """Trusts the sandbox only, and checks as strictly as Python can."""
    context = ssl.create_default_context(cafile=str(secure.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_https_on_the_same_port(secure: Sandbox, context: ssl.SSLContext, host: str) -> None:
    base = f"https://{host}:{secure.port}"
    with httpx.Client(verify=context, headers=KEY) as client:
        result = client.post(f"{base}/fal-ai/flux/dev", json=BODY).json()
        url = result["images"][0]["url"]
        assert url.startswith(f"{base}/files/")
        assert client.get(url).content == secure.media(url)


def test_plain_http_still_works(secure: Sandbox) -> None:
    assert httpx.get(secure.url).json()["sandbox"] is True


def test_fals_hosts_through_the_proxy(secure: Sandbox, context: ssl.SSLContext) -> None:
    with httpx.Client(verify=context, headers=KEY, proxy=secure.url) as client:
        job = client.post("https://queue.fal.run/fal-ai/flux/dev", json=BODY).json()
        assert job["status_url"].startswith("https://queue.fal.run/fal-ai/flux/requests/")
        result = client.get(job["response_url"]).json()
        assert result["images"][0]["url"].startswith("https://v3.fal.media/files/")
        assert client.get("https://api.fal.ai/v1/models?limit=1").json()["has_more"]
        assert client.get("https://rest.fal.ai/.well-known/jwks.json").json()["keys"]
        file = {"file_name": "a.png", "content_type": "image/png"}
        place = client.post("https://rest.fal.ai/storage/upload/initiate", json=file).json()
        assert place["upload_url"].startswith("https://v3.fal.media/upload/")
        assert place["file_url"].startswith("https://v3.fal.media/files/")


@pytest.mark.parametrize("url", ["https://example.com/", "https://fal.run.example.com/"])
def test_no_other_host_through_the_proxy(
    secure: Sandbox, context: ssl.SSLContext, url: str
) -> None:
    with (
        httpx.Client(verify=context, proxy=secure.url) as client,
        pytest.raises(httpx.ProxyError, match="403"),
    ):
        client.get(url)


def test_no_proxy_without_tls(fal: Sandbox) -> None:
    with httpx.Client(proxy=fal.url) as client, pytest.raises(httpx.ProxyError, match="403"):
        client.get("https://fal.run/")


def test_a_client_that_does_not_trust_it(secure: Sandbox) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"https://127.0.0.1:{secure.port}/")
    assert httpx.get(secure.url).status_code == 200


def test_the_certificate(secure: Sandbox) -> None:
    assert secure.ca_file is not None
    authority = x509.load_pem_x509_certificate(secure.ca_file.read_bytes())
    authority.verify_directly_issued_by(authority)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca


def test_the_key_does_not_stay_on_disk(secure: Sandbox) -> None:
    assert secure.ca_file is not None
    assert [path.name for path in secure.ca_file.parent.iterdir() if path.suffix == ".pem"] == [
        "ca.pem"
    ]


def test_the_folder_goes_with_the_sandbox() -> None:
    with Sandbox(tls=True) as fal:
        path = fal.ca_file
        assert path is not None
        assert path.exists()
        if os.name == "posix":
            assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_environment(secure: Sandbox, fal: Sandbox) -> None:
    found = secure.environment()
    assert found["HTTPS_PROXY"] == secure.url
    assert Path(found["SSL_CERT_FILE"]) == secure.ca_file == Path(found["NODE_EXTRA_CA_CERTS"])
    assert fal.environment() == {"FAL_KEY": SANDBOX_KEY}
    settings: dict[str, Any] = dict(fal.client_settings())
    assert settings["openclaw"]["config"]["models"]["providers"]["fal"]["baseUrl"] == fal.url
    assert settings["fal-client"]["needs_tls"]
    assert not secure.client_settings()["fal-client"]["needs_tls"]
