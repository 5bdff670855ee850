"""The reference: one image with fal's own Python client, the short way.

python reference.py BASE_URL FILE

The client knows https only. For a plain http base the two addresses that it builds are set here;
an https base is named by fal's own variables (FAL_RUN_HOST, FAL_QUEUE_RUN_HOST).
"""

from __future__ import annotations

import sys

import fal_client
import fal_client.client
import httpx

base, path = sys.argv[1:]
if base.startswith("http:"):
    fal_client.client.RUN_URL_FORMAT = f"{base}/~run/"
    fal_client.client.QUEUE_URL_FORMAT = f"{base}/~queue/"

arguments = {"prompt": "a lighthouse", "num_images": 1, "output_format": "png", "seed": 7}
handle = fal_client.submit("fal-ai/flux/dev", arguments=arguments)
url = handle.get()["images"][0]["url"]
with httpx.stream("GET", url) as response, open(path, "wb") as file:
    for chunk in response.iter_bytes():
        file.write(chunk)
