"""Values to protobuf bytes and back: the only reader of the generated messages.

Every `decode_*` takes bytes from a stranger: it bounds their size first, answers anything that is
truncated, corrupt, oversized or foreign with MalformedError, and returns checked values.
Encodings are deterministic, so a spec's digest is a function of its content.
"""

from whitebox_wire.codec.batches import (
    decode_batch,
    decode_labels,
    encode_batch,
    encode_labels,
)
from whitebox_wire.codec.bundles import Reference, SpecBundle, decode_bundle, encode_bundle
from whitebox_wire.codec.exports import (
    decode_get_request,
    decode_get_response,
    decode_request,
    decode_response,
    decode_watch_request,
    decode_watch_response,
    encode_get_request,
    encode_get_response,
    encode_request,
    encode_response,
    encode_watch_request,
    encode_watch_response,
)
from whitebox_wire.codec.records import (
    decode_record_labels_request,
    decode_record_labels_response,
    decode_record_request,
    decode_record_response,
    decode_stream_request,
    decode_stream_response,
    encode_record_labels_request,
    encode_record_labels_response,
    encode_record_request,
    encode_record_response,
    encode_stream_request,
    encode_stream_response,
)
from whitebox_wire.codec.specs import decode_spec, encode_spec, spec_digest

__all__ = [
    "Reference",
    "SpecBundle",
    "decode_batch",
    "decode_bundle",
    "decode_get_request",
    "decode_get_response",
    "decode_labels",
    "decode_record_labels_request",
    "decode_record_labels_response",
    "decode_record_request",
    "decode_record_response",
    "decode_request",
    "decode_response",
    "decode_spec",
    "decode_stream_request",
    "decode_stream_response",
    "decode_watch_request",
    "decode_watch_response",
    "encode_batch",
    "encode_bundle",
    "encode_get_request",
    "encode_get_response",
    "encode_labels",
    "encode_record_labels_request",
    "encode_record_labels_response",
    "encode_record_request",
    "encode_record_response",
    "encode_request",
    "encode_response",
    "encode_spec",
    "encode_stream_request",
    "encode_stream_response",
    "encode_watch_request",
    "encode_watch_response",
    "spec_digest",
]
