// On a wide screen a line opens its case beside the list, and the address says which; elsewhere the line is the link it is.
"use strict";
{
  const wide = matchMedia("(min-width: 1100px)"), beside = document.getElementById("beside"), board = document.getElementById("board");
  const cases = document.getElementById("cases");

  const mark = (id) => {
    for (const line of cases.children) {
      line.classList.toggle("chosen", line.dataset.case === id);
      if (line.dataset.case === id) line.querySelector(".what").setAttribute("aria-current", "true");
      else line.querySelector(".what").removeAttribute("aria-current");
    }
    board.classList.toggle("split", Boolean(id));
  };
  const asked = () => new URLSearchParams(location.search).get("case");

  async function show(id) {
    if (id && beside.firstElementChild?.dataset.case !== id) {
      const query = cases.dataset.query ? `?${cases.dataset.query}` : "";
      const answer = await fetch(`/desk/cases/${encodeURIComponent(id)}${query}`, { credentials: "same-origin" });
      if (answer.redirected) { location.reload(); return; }
      if (asked() !== id) return; // another was opened meanwhile
      if (!answer.ok) { location.assign(`/cases/${encodeURIComponent(id)}`); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      beside.replaceChildren(page.body.firstElementChild);
    }
    if (!id) beside.replaceChildren();
    mark(id);
    document.dispatchEvent(new Event("tick"));
  }

  cases.addEventListener("click", (event) => {
    const link = event.target.closest(".line")?.querySelector(".what");
    if (!link || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.pushState(null, "", link.dataset.beside);
    show(link.closest(".line").dataset.case).catch(() => location.assign(link.href));
  });
  document.addEventListener("close-beside", () => {
    const line = cases.querySelector(".chosen .what");
    history.pushState(null, "", beside.dataset.close);
    show(null);
    line?.focus();
  });
  addEventListener("popstate", () => show(asked()).catch(() => location.reload()));
  if (asked()) mark(beside.firstElementChild ? asked() : null);
}
