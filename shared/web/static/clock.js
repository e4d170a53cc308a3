// Counts down to each limit by the server's clock, not this machine's: [data-due] elements tick, and turn late at the limit.
// The words come from the page (data-left, data-late, data-days), so that one script serves both languages.
"use strict";
{
  let ahead = Date.parse(document.body.dataset.now) - Date.now();

  const span = (ms, said) => {
    const all = Math.floor(Math.abs(ms) / 1000);
    const days = Math.floor(all / 86400), hours = Math.floor((all % 86400) / 3600), minutes = Math.floor((all % 3600) / 60);
    const two = (n) => String(n).padStart(2, "0");
    if (days) return `${said.replace("{}", days)} ${hours}:${two(minutes)}`;
    return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
  };

  const tick = () => {
    const now = Date.now() + ahead;
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = Date.parse(element.dataset.due) - now;
      const text = (left < 0 ? element.dataset.late : element.dataset.left).replace("{}", span(left, element.dataset.days));
      if (element.textContent !== text) element.textContent = text;
      element.classList.toggle("late", left < 0);
      element.classList.toggle("soon", left >= 0 && left < 300000);
    }
  };

  document.addEventListener("server-time", (event) => { ahead = Date.parse(event.detail) - Date.now(); });
  document.addEventListener("tick", tick);
  tick();
  setInterval(tick, 1000);
}
