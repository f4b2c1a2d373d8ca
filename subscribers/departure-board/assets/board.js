// Follows the changes: the page asks for itself again when something has happened, at most once a second.
"use strict";

const PAUSE_MS = 1000;
const link = document.getElementById("link");
const usual = link.textContent;
let due = null;
let asked = 0;

function say(text, lost) {
  if (link.textContent !== text) link.textContent = text;
  link.classList.toggle("lost", lost);
}

function schedule() {
  if (due !== null) return;
  due = setTimeout(refresh, Math.max(0, asked + PAUSE_MS - Date.now()));
}

async function refresh() {
  asked = Date.now();
  due = null;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    mark(fresh);
    for (const id of ["clock", "board"]) {
      document.getElementById(id).replaceWith(fresh.getElementById(id));
    }
    say(usual, false);
  } catch {
    say("The board can’t be reached. It tries again.", true);
    due = setTimeout(refresh, 5 * PAUSE_MS);
  }
}

// Marks the lines that say something else than before.
function mark(fresh) {
  const before = new Map();
  for (const line of document.querySelectorAll("[data-flight]")) {
    before.set(line.dataset.flight, line.querySelector(".status").textContent);
  }
  for (const line of fresh.querySelectorAll("[data-flight]")) {
    const status = before.get(line.dataset.flight);
    if (status !== undefined && status !== line.querySelector(".status").textContent) line.classList.add("changed");
  }
}

function follow() {
  const changes = new EventSource("/v1/changes?table=flights");
  for (const event of ["begin", "reset", "commit"]) changes.addEventListener(event, schedule);
  changes.addEventListener("error", () => {
    say("The connection is lost. It tries again.", true);
    // After an answer that is an error the browser gives up. Not all pages come back at once.
    if (changes.readyState === EventSource.CLOSED) {
      setTimeout(follow, (4 + 2 * Math.random()) * PAUSE_MS);
      schedule();
    }
  });
}

follow();
