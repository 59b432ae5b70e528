"use strict";
// Requests to the control plane that served this page; under a further cluster's path they are that cluster's.
const base = location.pathname.replace(/\/$/, "");
const $ = (id) => document.getElementById(id);

function headers() {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function ask(method, path, body) {
  const response = await fetch(`${base}/v1${path}`, {
    method, headers: headers(), body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 401) askForToken();
  const text = await response.text();
  const data = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(data && data.detail ? data.detail : response.statusText);
  return data;
}

// Do something by a click; what is refused is told.
async function act(method, path, body) {
  try { return await ask(method, path, body); } catch (error) { tell(error.message); return null; }
}

// Server-sent events by fetch, because EventSource cannot bring a token. It comes back when the stream ends.
async function follow(path, onEvent, onState) {
  for (;;) {
    try {
      const response = await fetch(`${base}/v1${path()}`, { headers: headers(), cache: "no-store" });
      if (response.status === 401) { askForToken(); return; }
      if (!response.ok) throw new Error(response.statusText);
      onState(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        for (const part of parts) {
          const line = part.split("\n").find((each) => each.startsWith("data: "));
          if (line) onEvent(JSON.parse(line.slice(6)));
        }
      }
    } catch { /* the broker is gone, or not there yet */ }
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function askForToken() {
  if (!$("token-dialog").open) $("token-dialog").showModal();
}

let toastTimer;
function tell(text) {
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => $("toast").classList.remove("shown"), 4000);
}

// An element: el("td", { class: "mono" }, "text", other).
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function table(headings, rows) {
  const head = el("tr", {}, ...headings.map((each) => el("th", each.number ? { class: "number" } : {}, each.name || each)));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}

// A row that opens something, by mouse and by keyboard.
function opening(action, attributes, ...cells) {
  const open = (event) => { if (!event.target.closest("button")) action(); };
  return el("tr", { ...attributes, class: `open ${attributes.class || ""}`, tabindex: "0", onclick: open,
    onkeydown: (event) => { if (event.key === "Enter") open(event); } }, ...cells);
}

// Show something new in a place, without taking the focus from whoever has it there.
function show(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...children);
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
