// Keeps a page live: parts that changed are taken from the same page, rendered anew by the service.
"use strict";

(() => {
  const parser = new DOMParser();
  const pulse = document.getElementById("pulse");
  const SETTLE_MS = 250;
  let waiting = null, busy = false, again = false;

  // --- times that count ---------------------------------------------------------------------------------------------
  const lasting = (seconds) => {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };
  const count = () => {
    const now = Date.now();
    for (const one of document.querySelectorAll("time[data-ago]")) {
      if (!one.dataset.ago) continue;
      one.textContent = `${lasting(Math.max(0, (now - Date.parse(one.dataset.ago)) / 1000))} ago`;
    }
    for (const one of document.querySelectorAll("time[data-in]")) {
      if (!one.dataset.in) continue;
      const left = (Date.parse(one.dataset.in) - now) / 1000;
      one.textContent = left < 1 ? "now" : `in ${lasting(left)}`;
    }
  };

  // --- parts that changed -------------------------------------------------------------------------------------------
  const sources = new Map();
  const remember = (root) => root.querySelectorAll("[data-part]").forEach((part) => sources.set(part.id, part.innerHTML));

  const marked = (before, part) => {
    for (const lane of part.querySelectorAll("[data-evse]")) {
      const old = before.get(lane.dataset.evse);
      if (old !== undefined && old !== lane.querySelector(".who-col b + .session")?.textContent) lane.classList.add("changed");
    }
  };
  const sessions = (part) =>
    new Map([...part.querySelectorAll("[data-evse]")].map((one) => [one.dataset.evse, one.querySelector(".session")?.textContent]));

  const swap = (fresh) => {
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const mine = document.getElementById(part.id);
      if (!mine || sources.get(part.id) === part.innerHTML) continue;
      const focused = mine.contains(document.activeElement) ? document.activeElement : null;
      const key = focused && (focused.id || focused.dataset.picture);
      const before = sessions(mine);
      sources.set(part.id, part.innerHTML);
      mine.innerHTML = part.innerHTML;
      marked(before, mine);
      if (key) (document.getElementById(key) || mine.querySelector(`[data-picture="${CSS.escape(key)}"]`))?.focus();
    }
    count();
    document.dispatchEvent(new CustomEvent("parts"));
  };

  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.status === 401) { location.assign("/sign-in?next=" + encodeURIComponent(location.pathname)); return; }
      if (answer.ok) swap(parser.parseFromString(await answer.text(), "text/html"));
    } catch { /* the stream tells when the service is there again */ } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, SETTLE_MS);
  };

  // --- the stream ---------------------------------------------------------------------------------------------------
  const shown = (live) => {
    pulse.hidden = false;
    pulse.classList.toggle("lost", !live);
    pulse.lastElementChild.textContent = live ? "live" : "connecting";
  };
  let stream = null;
  const listen = (address) => {
    stream = new EventSource(address);
    stream.addEventListener("open", () => { shown(true); soon(); });
    stream.addEventListener("error", () => shown(false));
    stream.addEventListener("changed", soon);
    stream.addEventListener("signed-out", () => { stream.close(); location.assign("/sign-in?next=" + encodeURIComponent(location.pathname)); });
  };

  remember(document);
  count();
  setInterval(count, 1000);
  const { live, every } = document.body.dataset;
  if (live) listen(live);
  if (every) setInterval(() => { if (!document.hidden) refresh(); }, 1000 * Number(every));
  // Browsers keep few connections to one host: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream?.close(); stream = null; } else if (live && !stream) listen(live);
  });
})();
