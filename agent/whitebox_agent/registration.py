"""Registering a model: its spec and reference go to the hub, which then takes its sums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from whitebox_wire.codec import decode_bundle
from whitebox_wire.errors import DataError, WhiteboxError

TIMEOUT_S = 30.0
ANSWER_BYTES_MAX = 1024 * 1024


class HubRefusedError(WhiteboxError):
    """The hub could not be reached, or said no."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the hub made of a spec: `created` is false when it had this one already."""

    model_id: str
    digest: str
    created: bool
    monitors: int


def register(spec_path: str | Path, hub: str) -> Registration:
    """Give a spec file to the hub at `hub` (its HTTP address, such as http://127.0.0.1:8800).

    Raises:
        DataError: the file cannot be read, or `hub` is no HTTP address.
        MalformedError, SpecError: it holds no usable spec.
        HubRefusedError: the hub is not there, or says no.
    """
    try:
        data = Path(spec_path).read_bytes()
    except OSError as error:
        raise DataError(
            f"spec {spec_path}: {error.strerror}", hint="make one with: whitebox-agent profile"
        ) from error
    decode_bundle(data)
    if not hub.startswith(("http://", "https://")):
        raise DataError(f"hub {hub!r} is no HTTP address", hint="such as http://127.0.0.1:8800")
    try:
        document = json.loads(_post(f"{hub.rstrip('/')}/v1/specs", data))
        return Registration(
            document["model_id"],
            document["digest"],
            bool(document["created"]),
            len(document["monitors"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HubRefusedError(f"hub {hub}: {error}", hint="is a hub running there?") from error


def _post(address: str, data: bytes) -> bytes:
    """The hub's answer; HubRefusedError when it says no, OSError when it is not there."""
    # An agent that never registers anything goes without the 8 MiB of an HTTP client.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(  # noqa: S310  # the scheme was checked
        address,
        data=data,
        headers={"Content-Type": "application/octet-stream"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # as above
            body: bytes = answer.read(ANSWER_BYTES_MAX)
            return body
    except urllib.error.HTTPError as error:
        raise _refusal(str(error), error.read(ANSWER_BYTES_MAX)) from error


def _refusal(said: str, body: bytes) -> HubRefusedError:
    """The hub's problem document as an error; `said` serves where the body is none."""
    try:
        problem = json.loads(body)
        return HubRefusedError(f"the hub says: {problem['detail']}", hint=problem.get("hint", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return HubRefusedError(f"the hub says: {said}")
