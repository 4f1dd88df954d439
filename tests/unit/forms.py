"""Sending the forms of our pages, as a browser does."""

import re
from typing import Any

import httpx

from tests.unit.serving import Api

HTML = {"accept": "text/html"}


async def page(api: Api, path: str, status: int = 200, **headers: str) -> str:
    """The text of a page."""
    answer = await api.client.get(path, headers={**HTML, **headers})
    assert answer.status_code == status, answer.text
    return answer.text


async def send(
    api: Api,
    path: str,
    fields: dict[str, Any],
    *,
    of: str = "/subscriptions/new",
    files: Any = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send a form with the token of a page. The cookie goes with it by hand: a browser keeps a
    Secure one on this machine, and this client does not."""
    head = {**HTML, **(headers or {})}
    shown = await api.client.get(of, headers=head)
    (token, *_) = re.findall(r'name="form" value="([^"]+)"', shown.text)
    head["cookie"] = f"__Host-standing-form={token}"
    return await api.client.post(path, data={"form": token, **fields}, files=files, headers=head)


async def as_json(api: Api, path: str) -> Any:
    """A page as JSON."""
    answer = await api.client.get(path, headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()
