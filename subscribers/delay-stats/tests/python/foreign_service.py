"""A service that shares nothing with Headwater but the specifications: CloudEvents 1.0, its NATS protocol
binding, and the headers of JetStream.

    foreign_service.py publish SERVER        publish a flight in both content modes, and an airline
    foreign_service.py read SERVER SUBJECT   read the last event on a subject, and check it

Each prints one line of JSON.
"""

import asyncio
import hashlib
import json
import sys
from datetime import datetime, timezone
from urllib.parse import quote, unquote

import nats
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent
from nats.js.errors import APIError

SOURCE = "/foreign-service"
STREAM = "EVT_flights"
CONFLICTS = (10071, 10164)
FLIGHT = "2013-01-01-UA-1545-EWR-0515"
AIRLINE = 'Zürich "Air" 100 %.*'
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def escape(aggregate_id):
    """The id as one token of a subject: whatever isn't a letter, a digit, `-`, `_` or `~` as %XX."""
    return quote(aggregate_id, safe="").replace(".", "%2E")


def event(event_id, name, aggregate_id, data):
    aggregate = "airline" if name == "named" else "flight"
    version = 2 if name == "departed" else 1
    event_type = f"dev.headwater.flights.{aggregate}.{name}.v{version}"
    return CloudEvent(
        attributes={
            "id": event_id,
            "source": SOURCE,
            "type": event_type,
            "subject": aggregate_id,
            "time": datetime(2013, 1, 1, 10, 17, tzinfo=timezone.utc),
            "datacontenttype": "application/json",
            "dataschema": f"urn:headwater:schema:{event_type}",
            "correlationid": "a flow",
            "causationid": "a cause",
            "traceparent": TRACE,
        },
        data=data,
    )


async def append(js, event, expected, to_message):
    """Publishes `event` if `expected` is the sequence of its aggregate's last event; returns its sequence."""
    _, domain, aggregate, name, _ = event.get_type().rsplit(".", 4)
    aggregate_id = escape(event.get_subject())
    source, event_id = event.get_source().encode(), event.get_id().encode()
    fingerprint = hashlib.sha256(len(source).to_bytes(8, "big") + source + event_id).hexdigest()[:32]
    # Every writer names the guard alike, or two of them may not see each other.
    guard = f"evt.{domain}.{aggregate}.*.{aggregate_id}"
    message = to_message(event)
    headers = {
        **message.headers,
        "Nats-Msg-Id": fingerprint,
        "Nats-Expected-Last-Subject-Sequence": str(expected),
        "Nats-Expected-Last-Subject-Sequence-Subject": guard,
    }
    subject = f"evt.{domain}.{aggregate}.{name}.{aggregate_id}"
    try:
        return (await js.publish(subject, message.body, headers=headers)).seq
    except APIError as error:
        if error.err_code not in CONFLICTS:
            raise
        # Somebody else was first, or this is a retry whose first answer was lost.
        last = await js.get_msg(STREAM, subject=guard)
        if last.headers.get("Nats-Msg-Id") == fingerprint:
            return last.seq
        raise


async def publish(nc):
    js = nc.jetstream()
    scheduled = event(
        "1",
        "scheduled",
        FLIGHT,
        {
            "flight": FLIGHT,
            "destination": "IAH",
            "scheduled_departure": "2013-01-01T10:15:00Z",
            "scheduled_arrival": "2013-01-01T13:19:00Z",
        },
    )
    departed = event(
        "2",
        "departed",
        FLIGHT,
        {"flight": FLIGHT, "departed_at": "2013-01-01T10:17:00Z", "delay_minutes": 2},
    )
    named = event("3 of 3", "named", AIRLINE, {"airline": AIRLINE})

    structured = await append(js, scheduled, 0, http.to_structured_event)
    binary = await append(js, departed, structured, http.to_binary_event)
    again = await append(js, departed, structured, http.to_binary_event)
    try:
        stale = event("4", "departed", FLIGHT, departed.get_data())
        await append(js, stale, structured, http.to_binary_event)
        conflict = None
    except APIError as error:
        conflict = error.err_code
    airline = await append(js, named, 0, http.to_binary_event)
    return {
        "structured": structured,
        "binary": binary,
        "again": again,
        "conflict": conflict,
        "airline": airline,
    }


async def read(nc, subject):
    message = await nc.jetstream().get_msg(STREAM, subject=subject)
    # The SDK has no NATS binding; HTTP's encodes headers by the same rules. It refuses an invalid event.
    found = http.from_http_event(http.HTTPMessage(headers=message.headers, body=message.data))
    attributes = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in found.get_attributes().items()
    }
    return {
        "attributes": attributes,
        "data": found.get_data(),
        "id_in_subject": unquote(message.subject.split(".")[4], errors="strict"),
    }


async def main():
    command, server, *arguments = sys.argv[1:]
    nc = await nats.connect(server)
    result = await {"publish": publish, "read": read}[command](nc, *arguments)
    await nc.drain()
    print(json.dumps(result))


asyncio.run(main())
