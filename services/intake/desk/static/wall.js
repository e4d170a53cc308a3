// Turns the pages of a wall by itself, as many lines as fit at a time. What is new and grave brings back the first page.
"use strict";
{
  const cases = document.getElementById("cases"), words = document.getElementById("wall-page"), clock = document.getElementById("wall-clock");
  const turn = 12000;
  let page = 0, turned = Date.now(), ringing = new Set(), ahead = Date.parse(document.body.dataset.now) - Date.now();

  const rings = () => new Set([...cases.querySelectorAll(".rings")].map((line) => line.dataset.case));
  function show() {
    const lines = [...cases.children];
    for (const line of lines) line.hidden = false;
    const room = innerHeight - cases.getBoundingClientRect().top - 16;
    const fit = Math.max(1, Math.floor(room / (lines[0]?.offsetHeight || 1))), pages = Math.max(1, Math.ceil(lines.length / fit));
    page %= pages;
    lines.forEach((line, number) => { line.hidden = Math.floor(number / fit) !== page; });
    words.textContent = pages > 1 ? words.dataset.words.replace("{page}", page + 1).replace("{pages}", pages) : "";
  }
  function changed() {
    const now = rings();
    if ([...now].some((one) => !ringing.has(one))) { page = 0; turned = Date.now(); }
    ringing = now;
    show();
  }

  document.addEventListener("server-time", (event) => { ahead = Date.parse(event.detail) - Date.now(); });
  document.addEventListener("tick", changed);
  addEventListener("resize", show);
  setInterval(() => {
    clock.textContent = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: clock.dataset.zone }).format(Date.now() + ahead);
    if (Date.now() - turned < turn) return;
    turned = Date.now();
    page += 1;
    show();
  }, 1000);
  ringing = rings();
  show();
}
