// "Ring me in this browser", and no longer. The line stays hidden where a browser can't be rung; the page says whether this one is.
"use strict";
{
  const line = document.getElementById("ring"), button = line?.querySelector("button");
  const say = (words) => { line.querySelector("[role=status]").textContent = words; };
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", body: body && JSON.stringify(body), credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
  };
  const works = (worker) => new Promise((done) => {
    if (worker.state === "activated") done();
    worker.addEventListener("statechange", () => { if (worker.state === "activated") done(); });
  });
  const registered = () => navigator.serviceWorker.getRegistration("/static/");

  async function begin() {
    if (await Notification.requestPermission() !== "granted") { say(line.dataset.denied); return; }
    const registration = await navigator.serviceWorker.register(line.dataset.worker, { scope: "/static/" });
    await works(registration.active || registration.waiting || registration.installing);
    await (await registration.pushManager.getSubscription())?.unsubscribe(); // of another person, or by another key
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: line.dataset.key });
    await post("/desk/browser", made);
    location.reload();
  }

  async function end() {
    await post("/desk/browser/end");
    await (await (await registered())?.pushManager.getSubscription())?.unsubscribe();
    location.reload();
  }

  if (line && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
    line.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      try { await (button.dataset.does === "end" ? end() : begin()); } catch { say(line.dataset.failed); }
      button.disabled = false;
    });
  }
}
