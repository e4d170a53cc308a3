// What is new and grave rings until somebody here has looked at it: a banner, the tab's title and, once allowed, a sound.
// What was looked at and whether it may sound is kept in this browser alone; no case is acknowledged by it.
"use strict";
{
  const bar = document.getElementById("alarm"), list = document.getElementById("alarm-list");
  const sound = document.getElementById("sound"), sounds = document.getElementById("sound-switch");
  const blocked = document.getElementById("alarm-blocked");
  const title = document.title, every = 4000, kept = 500;
  let alarms = [...document.querySelectorAll("#alarms > li")], audio = null, rings = 0;

  const read = (name, otherwise) => { try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; } };
  const write = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* a browser that keeps nothing rings again after a reload */ } };
  let seen = read("desk-seen", {}), allowed = read("desk-sound", false) === true;

  // A case that has become graver since it was looked at rings again.
  const unseen = () => alarms.filter((one) => !(seen[one.dataset.case] <= Number(one.dataset.weight)));

  function tone() {
    const start = audio.currentTime;
    for (const [number, pitch] of [[0, 880], [1, 660], [2, 880]]) {
      const source = audio.createOscillator(), volume = audio.createGain();
      source.type = "triangle";
      source.frequency.value = pitch;
      const at = start + number * 0.28;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.5, at + 0.02);
      volume.gain.linearRampToValueAtTime(0, at + 0.24);
      source.connect(volume).connect(audio.destination);
      source.start(at);
      source.stop(at + 0.26);
    }
    document.body.dataset.rings = String(++rings);
  }

  function ring() {
    const due = unseen().length > 0;
    let state = "silent";
    if (due && allowed) {
      audio ??= new AudioContext();
      if (audio.state === "suspended") audio.resume();
      state = audio.state === "running" ? "ringing" : "blocked";
      if (state === "ringing") tone();
    }
    document.body.dataset.sound = state;
    blocked.hidden = state !== "blocked";
  }

  function show() {
    const now = unseen(), before = bar.dataset.cases ?? "", cases = now.map((one) => one.dataset.case).join(" ");
    bar.dataset.cases = cases;
    bar.hidden = now.length === 0;
    document.title = now.length ? bar.dataset.title.replace("{}", now.length) + title : title;
    document.getElementById("alarm-count").textContent = String(now.length);
    if (before !== cases) list.replaceChildren(...now.slice(0, 5).map((one) => one.cloneNode(true)));
    for (const line of document.querySelectorAll(".line")) line.classList.toggle("unseen", now.some((one) => one.dataset.case === line.dataset.case));
    if (sound) {
      sound.hidden = false;
      sounds.setAttribute("aria-pressed", String(allowed));
      sounds.textContent = allowed ? sound.dataset.on : sound.dataset.off;
    }
    if (before !== cases) ring();
  }

  function look() {
    for (const { dataset } of alarms) {
      const weight = Math.min(Number(dataset.weight), seen[dataset.case] ?? Infinity);
      delete seen[dataset.case]; // what still rings stands last, and is kept longest
      seen[dataset.case] = weight;
    }
    seen = Object.fromEntries(Object.entries(seen).slice(-kept));
    write("desk-seen", seen);
    show();
  }

  async function renew() {
    const answer = await fetch(bar.dataset.list, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return; // the live line complains
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    alarms = [...page.querySelectorAll("#alarms > li")];
    show();
  }

  document.getElementById("alarm-seen").addEventListener("click", look);
  sounds?.addEventListener("click", () => {
    allowed = !allowed;
    write("desk-sound", allowed);
    if (allowed) { audio ??= new AudioContext(); audio.resume().then(tone); }
    show();
  });
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, () => { if (audio?.state === "suspended") audio.resume().then(ring); });
  document.addEventListener("cases-changed", () => renew().catch(() => {}));
  addEventListener("storage", () => { seen = read("desk-seen", {}); allowed = read("desk-sound", false) === true; show(); });
  setInterval(ring, every);
  show();
  renew().catch(() => {});
}
