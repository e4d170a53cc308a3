// Keeps the lines and the case on the page as they stand: the stream names a case that changed, its pieces of the page are fetched and swapped.
// A page that is no longer live says so, with the time it last was; the stream's pulse tells the two apart.
"use strict";
{
  const line = document.getElementById("live"), lost = document.getElementById("lost"), cases = document.getElementById("cases");
  const say = document.getElementById("announce");
  const silence = 15000, breath = 250, many = 20, anew = 300000;
  const query = cases && cases.dataset.query ? `?${cases.dataset.query}` : "";
  const changed = new Set();
  let lastTrue = Date.parse(document.body.dataset.now), heard = Date.now(), ready = true, fetching = false, isOld = false;

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
  // The case of this line stands beside the list.
  function choose(line) {
    line?.classList.add("chosen");
    line?.querySelector(".what").setAttribute("aria-current", "true");
  }

  const piece = async (url) => (await fetched(url))?.body.firstElementChild ?? null;

  // The address names the page and the narrowing; what stands beside the list is renewed by itself.
  async function wholeBoard() {
    const fresh = await fetched(location.href);
    if (!fresh) return;
    const focused = cases.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const chosen = cases.querySelector(".chosen")?.id;
    for (const id of ["cases", "summary"]) document.getElementById(id).replaceChildren(...fresh.getElementById(id).children);
    if (chosen) choose(document.getElementById(chosen));
    if (focused) cases.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  // Puts the piece where `place` says, with the focus, the opened parts and the marks of the one before it.
  function swap(fresh, old, place) {
    const active = document.activeElement;
    const key = old?.contains(active) ? active.dataset.key : null;
    if (old) {
      const nameOf = (details) => details.id || details.className;
      const opened = new Map([...old.querySelectorAll("details")].map((details) => [nameOf(details), details]));
      for (const details of fresh.querySelectorAll("details")) {
        const before = opened.get(nameOf(details));
        // What is being typed stays as it is, where the form is still offered.
        if (before?.open && before.querySelector("form")) { details.replaceWith(before); continue; }
        if (!before?.dataset.touched) continue;
        details.open = before.open;
        details.dataset.touched = "yes";
      }
      if (old.classList.contains("chosen")) choose(fresh);
    }
    place();
    if (fresh.contains(active)) active.focus({ preventScroll: true });
    else if (key !== null) (fresh.querySelector(`[data-key="${CSS.escape(key || "")}"]`) || fresh.querySelector("a, button"))?.focus({ preventScroll: true });
    fresh.classList.add("changed");
  }

  async function renewLine(id) {
    const old = document.getElementById(`line-${id}`);
    if (!old && !cases.dataset.follows) return;
    const fresh = await piece(`/desk/lines/${id}${query}`);
    if (!fresh) { old?.remove(); return; }
    swap(fresh, old, () => {
      const rest = [...cases.children].filter((other) => other !== old);
      const next = rest.find((other) => other.dataset.order > fresh.dataset.order) ?? null;
      // A line that keeps its place is replaced where it stands, so that nothing moves under the reader's hand.
      if (old && old.nextElementSibling === next) old.replaceWith(fresh);
      else { old?.remove(); cases.insertBefore(fresh, next); }
      while (cases.children.length > Number(cases.dataset.shown)) cases.lastElementChild.remove();
    });
    if (say.textContent !== fresh.dataset.says) say.textContent = fresh.dataset.says;
  }

  async function renewPart(id) {
    const old = document.getElementById(`case-${id}`);
    if (!old) return;
    const fresh = await piece(old.dataset.part);
    if (!fresh) return;
    swap(fresh, old, () => old.replaceWith(fresh));
    if (!cases && say.textContent !== fresh.dataset.says) say.textContent = fresh.dataset.says;
  }

  async function renew(id) {
    if (cases) await renewLine(id);
    await renewPart(id);
  }

  async function catchUp() {
    if (fetching) return;
    fetching = true;
    try {
      if (cases && (isOld || changed.size > many)) {
        isOld = true; // until all of it is there: what was changed meanwhile is not lost where the line breaks
        changed.clear();
        await wholeBoard();
        const beside = document.querySelector("#beside > [data-case]");
        if (beside) await renewPart(beside.dataset.case);
        isOld = false;
      }
      while (changed.size) {
        const id = changed.values().next().value;
        changed.delete(id);
        try { await renew(id); } catch (error) { changed.add(id); throw error; }
      }
      document.dispatchEvent(new Event("cases-changed"));
      if (cases) {
        const summary = await piece(`/desk/summary${query}`);
        if (summary) document.getElementById("summary").replaceWith(summary);
        document.getElementById("none").hidden = cases.children.length > 0;
      }
      document.dispatchEvent(new Event("tick"));
    } catch {
      await new Promise((again) => setTimeout(again, 2000)); // the pulse complains if the line is gone
    } finally {
      setTimeout(() => { fetching = false; if (changed.size || isOld) catchUp(); }, breath);
    }
  }

  document.addEventListener("toggle", (event) => { if (event.target.closest?.(".case")) event.target.dataset.touched = "yes"; }, true);

  // What is new grows old without a change: the order is asked for anew.
  if (cases) setInterval(() => { isOld = true; catchUp(); }, anew);

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
