// A list that nothing tells of changes is asked for anew every two minutes; not while somebody chooses or writes in it.
"use strict";
setInterval(async () => {
  const main = document.getElementById("main");
  if (main.matches(":has(:focus)")) return;
  const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
  if (answer?.redirected) { location.reload(); return; } // the log-in has ended
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  main.replaceChildren(...fresh.getElementById("main").childNodes);
  document.dispatchEvent(new Event("tick"));
}, 120000);
