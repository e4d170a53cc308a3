// Keeps the cases on the page as they stand: the stream names a case that changed, its piece of the page is fetched and swapped.
// A page that is no longer live says so, with the time it last was; the stream's pulse tells the two apart.
"use strict";
{
  const line = document.getElementById("live"), lost = document.getElementById("lost"), cases = document.getElementById("cases");
  const say = document.getElementById("announce");
  const silence = 15000, breath = 250, many = 20;
  const query = cases && cases.dataset.query ? `?${cases.dataset.query}` : "";
  const changed = new Set();
  let lastTrue = Date.parse(document.body.dataset.now), heard = Date.now(), ready = true, fetching = false;

  const clockOf = (ms) => new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: line.dataset.zone }).format(ms);
  const complain = (words) => {
    const text = words.replace("{}", clockOf(lastTrue));
    if (lost.textContent !== text) lost.textContent = text;
    lost.hidden = false;
    document.body.classList.add("stale");
  };
  const allWell = () => { lost.hidden = true; document.body.classList.remove("stale"); };

  async function fetched(url) {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (answer.redirected) { location.reload(); return null; } // the log-in has ended
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }
  const piece = async (url) => (await fetched(url))?.body.firstElementChild ?? null;

  async function wholeBoard() {
    const fresh = await fetched(location.href);
    if (fresh) for (const id of ["cases", "summary"]) document.getElementById(id).replaceChildren(...fresh.getElementById(id).children);
  }

  function place(fresh, old) {
    if (old) {
      const key = document.activeElement && old.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      const opened = old.querySelector("details");
      const details = fresh.querySelector("details");
      if (opened && details && opened.dataset.touched) { details.open = opened.open; details.dataset.touched = "yes"; }
      if (cases) { old.remove(); } else { old.replaceWith(fresh); }
      if (key) queueMicrotask(() => (fresh.querySelector(`[data-key="${CSS.escape(key)}"]`) || fresh.querySelector("a, button"))?.focus());
    }
    if (cases) {
      const after = [...cases.children].find((other) => other.dataset.order > fresh.dataset.order);
      cases.insertBefore(fresh, after || null);
      while (cases.children.length > Number(cases.dataset.shown)) cases.lastElementChild.remove();
    }
    fresh.classList.add("changed");
  }

  async function renew(id) {
    const old = document.getElementById(`case-${id}`);
    if (!old && !(cases && cases.dataset.follows)) return;
    const fresh = await piece(cases ? `/desk/cases/${id}${query}` : old.dataset.part);
    if (!fresh) { if (cases && old) old.remove(); return; }
    place(fresh, old);
    if (say.textContent !== fresh.dataset.says) say.textContent = fresh.dataset.says;
  }

  async function catchUp() {
    if (fetching) return;
    fetching = true;
    try {
      if (cases && changed.size > many) { changed.clear(); await wholeBoard(); }
      while (changed.size) {
        const id = changed.values().next().value;
        changed.delete(id);
        try { await renew(id); } catch (error) { changed.add(id); throw error; }
      }
      if (cases) {
        const summary = await piece(`/desk/summary${query}`);
        if (summary) document.getElementById("summary").replaceWith(summary);
        document.getElementById("none").hidden = cases.children.length > 0;
      }
      document.dispatchEvent(new Event("tick"));
    } catch {
      await new Promise((again) => setTimeout(again, 2000)); // the pulse complains if the line is gone
    } finally {
      setTimeout(() => { fetching = false; if (changed.size) catchUp(); }, breath);
    }
  }

  document.addEventListener("toggle", (event) => { if (event.target.closest?.(".duties")) event.target.dataset.touched = "yes"; }, true);

  const source = new EventSource(line.dataset.stream);
  source.addEventListener("case", (event) => { heard = Date.now(); changed.add(event.data); catchUp(); });
  source.addEventListener("pulse", (event) => {
    const pulse = JSON.parse(event.data);
    heard = Date.now();
    ready = pulse.ready;
    document.dispatchEvent(new CustomEvent("server-time", { detail: pulse.now }));
    if (ready) { lastTrue = Date.parse(pulse.now); allWell(); document.getElementById("behind")?.remove(); } else complain(line.dataset.behind);
  });
  source.addEventListener("error", () => { heard = Math.min(heard, Date.now() - silence); });
  setInterval(() => { if (Date.now() - heard >= silence) complain(line.dataset.lost); }, 500);
  // A browser gives up for good on an answer that is not a stream (a proxy's error page): begin again.
  setInterval(() => { if (source.readyState === EventSource.CLOSED) fetch("/healthz").then((answer) => answer.ok && location.reload(), () => {}); }, 3000);
}
