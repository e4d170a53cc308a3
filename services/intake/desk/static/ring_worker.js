// Shows what a person is told, also where no page of the desk is open; a click leads to the case. It keeps nothing and stands
// in the way of no page.
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(told.title || "烽火 Fenghuo", {
      body: told.body,
      tag: told.tag, // what is newer of a case takes the place of what was said of it before
      renotify: Boolean(told.tag),
      requireInteraction: Boolean(told.stays),
      lang: told.lang,
      data: told.url,
    }),
  );
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const place = new URL(event.notification.data || "/", self.location.origin);
  if (place.protocol === "https:" || place.protocol === "http:") event.waitUntil(self.clients.openWindow(place.href));
});
