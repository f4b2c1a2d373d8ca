// Sends events with the official SDK for JavaScript, and prints what was sent and what came back.
import { createRequire } from 'node:module';

// The packages are in the working directory, not beside this file.
const { CloudEvent, HTTP, Mode, emitterFor, httpTransport } = createRequire(`${process.cwd()}/`)('cloudevents');
const send = httpTransport(`${process.argv[2]}/events`);
const flight = '2013-01-01-UA-1545-EWR-0515';

const departed = (id, data = {}) => new CloudEvent({
  id,
  source: '/gate-agent',
  type: 'dev.headwater.flights.flight.departed.v2',
  subject: flight,
  time: '2013-01-01T10:17:00.000Z',
  datacontenttype: 'application/json',
  priority: 3,
  data: { flight, departed_at: '2013-01-01T10:17:00Z', delay_minutes: 2, ...data },
});

const binary = emitterFor(send);
const structured = emitterFor(send, { binding: HTTP, mode: Mode.STRUCTURED });
// The SDK reads batches and writes none, but its events are JSON.
const batch = (events) => send({
  headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
  body: JSON.stringify(events),
});

const [one, two, three, four] = ['1', 'zwölf', '3', '4'].map((id) => departed(id));
const answers = {
  binary: await binary(one),
  structured: await structured(two),
  batch: await batch([three, four]),
  again: await binary(one, { headers: { 'if-match': '"0"' } }),
  conflict: await structured(departed('5'), { headers: { 'if-match': '"1"' } }),
  violation: await binary(departed('6', { delay_minutes: 'two' })),
};
console.log(JSON.stringify({ sent: [one, two, three, four], answers }));
