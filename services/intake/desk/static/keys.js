// What a mouse does on the board, by keys: `?` lists them. None while somebody types, none with Ctrl, Alt or Meta; they can be switched off.
"use strict";
{
  const dialog = document.getElementById("keys"), on = document.getElementById("keys-on"), cases = document.getElementById("cases");
  const places = { b: "/", r: "/report", t: "/tasks", w: "/roster" }, patience = 1500;
  let going = 0;

  const remembered = () => { try { return localStorage.getItem("desk-keys") !== "off"; } catch { return true; } };
  on.checked = remembered();
  on.addEventListener("change", () => { try { localStorage.setItem("desk-keys", on.checked ? "on" : "off"); } catch { /* until the next page */ } });

  const lines = () => [...cases.querySelectorAll(".what")];
  const current = () => document.activeElement?.closest?.(".line")?.querySelector(".what") ?? cases.querySelector(".chosen .what");
  function move(step) {
    const all = lines(), at = all.indexOf(current());
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.closest(".line").scrollIntoView({ block: "nearest" });
    if (next && cases.closest(".split")) next.click();
  }
  // The button takes the focus and no more: what is on record for good takes a second key.
  async function acknowledge() {
    const line = current();
    const button = () => document.querySelector("#beside button[data-key^=ack-]");
    if (line && document.querySelector("#beside [data-case]")?.dataset.case !== line.closest(".line").dataset.case) line.click();
    for (let tries = 0; tries < 20 && !(button() && (!line || button().dataset.key.endsWith(line.closest(".line").dataset.case))); tries++) await new Promise((again) => setTimeout(again, 100));
    button()?.focus();
  }
  const does = {
    j: () => move(1), k: () => move(-1),
    o: () => { const line = current(); if (line) location.assign(line.href); },
    a: acknowledge,
    i: () => { const button = document.getElementById("alarm-seen"); if (button.offsetParent) button.click(); },
    m: () => document.getElementById("sound-switch").click(),
    "/": () => document.querySelector("#filters a").focus(),
    n: () => document.querySelector("a[rel=next]")?.click(),
    p: () => document.querySelector("a[rel=prev]")?.click(),
    g: () => { going = Date.now(); },
    "?": () => dialog.showModal(),
    Escape: () => { if (cases.closest(".split")) document.dispatchEvent(new Event("close-beside")); },
  };

  document.getElementById("keys-open").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || dialog.open || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (!on.checked && event.key !== "Escape") return;
    const place = Date.now() - going < patience ? places[event.key] : undefined;
    if (!place && !Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    if (place) location.assign(place); else does[event.key]();
    if (event.key !== "g") going = 0;
  });
}
