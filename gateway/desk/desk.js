// The pages work without this file: it only saves pressing "Muat ulang". What changes comes from the server, drawn and escaped there.
"use strict";

const line = document.getElementById("langsung");
const waiting = new Map();

function busy(part) {
  const focused = document.activeElement;
  return part.contains(focused) && focused.matches("input");
}

function put(id, html) {
  const part = document.getElementById(id);
  if (!part) return;
  // Nobody loses what they are typing.
  if (busy(part)) {
    part.dataset.waits = "";
    waiting.set(id, html);
    return;
  }
  waiting.delete(id);
  delete part.dataset.waits;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
  part.innerHTML = html;
  for (const one of part.querySelectorAll("details")) one.open = open.includes(one.id);
  if (focused) document.getElementById(focused)?.focus();
  if ("sign" in part.dataset) {
    const badge = part.querySelector(".badge");
    part.className = badge.className.replace("badge", "gate");
  }
}

function say(words, link) {
  if (line.firstChild.nodeType === Node.TEXT_NODE) line.firstChild.remove();
  line.prepend(`${words} `);
  line.querySelector("a").hidden = !link;
}

function listen() {
  const language = document.documentElement.lang;
  const events = new EventSource(`/channels/events?bahasa=${language}&seen=${line.dataset.version}`);
  events.addEventListener("parts", (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) put(id, html);
  });
  events.addEventListener("well", () => say(line.dataset.on, false));
  events.addEventListener("ended", () => {
    events.close();
    say(line.dataset.ended, true);
  });
  events.onerror = () => say(line.dataset.lost, true);
}

document.addEventListener("focusout", () => setTimeout(() => {
  for (const [id, html] of [...waiting]) put(id, html);
}));
listen();
