// Plays the browser of a page whose connection is lost in both ways.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const sources = [];
class EventSource {
  static CONNECTING = 0;
  static CLOSED = 2;
  constructor(url) {
    this.url = url;
    this.heard = {};
    this.readyState = EventSource.CONNECTING;
    sources.push(this);
  }
  addEventListener(event, listener) {
    this.heard[event] = listener;
  }
}

const timers = [];
const link = { textContent: "live", classList: { toggle: (_, lost) => (link.lost = lost) } };
let asked = 0;
vm.runInNewContext(readFileSync(process.argv[2], "utf8"), {
  EventSource,
  document: { getElementById: () => link },
  location: { href: "/" },
  setTimeout: (call, ms) => timers.push({ call, ms }),
  fetch: () => {
    asked += 1;
    return Promise.reject(new Error("503"));
  },
});
const due = () => timers.splice(0);

assert.strictEqual(sources.length, 1);
// The browser tries again by itself.
sources[0].heard.error();
assert.deepStrictEqual([due().length, link.lost], [0, true]);

// It has had an answer that is an error, and doesn't.
sources[0].readyState = EventSource.CLOSED;
sources[0].heard.error();
const later = due();
for (const { call } of later) await call();
assert.strictEqual(sources.length, 2, "nobody listens any more");
assert.strictEqual(asked, 1, "the page isn't asked for meanwhile");
assert.ok(Math.max(...later.map(({ ms }) => ms)) >= 4000, "it doesn't wait");

// As often as it must, and what it hears then is shown.
sources[1].readyState = EventSource.CLOSED;
sources[1].heard.error();
for (const { call } of due()) await call();
assert.strictEqual(sources.length, 3);
assert.strictEqual(sources[2].url, sources[0].url);
assert.strictEqual(typeof sources[2].heard.commit, "function");
