// The pages work without this file: it only saves pressing "Muat ulang".
"use strict";

const PAUSE_MS = 500;

async function look() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const now of document.querySelectorAll("[data-living]")) {
    const then = fresh.getElementById(now.id);
    // Only what changed: a reader of screens says it once.
    if (then && now.innerHTML !== then.innerHTML) now.replaceChildren(...then.childNodes);
  }
}

async function lookAgain() {
  try {
    if (!document.hidden) await look();
  } catch {
    // The demo was stopped; what is on the page stays.
  }
  setTimeout(lookAgain, PAUSE_MS);
}

if (document.querySelector("[data-living]")) lookAgain();
