// The journal, the clock, the keyboard, and all of it put together.
const NOISE = new Set(["Fetch", "Heartbeat", "ConsumerGroupHeartbeat", "ShareFetch", "ShareGroupHeartbeat"]);
const KEPT = 500;
let exchanges = [];
let next = 0;
let isHeld = false;
let clockState = { now: 0, is_paused: false, at: 0 };

const isOk = (exchange) => exchange.outcome === "ok" || exchange.outcome === "no answer";
const isNoise = (exchange) => NOISE.has(exchange.api) && isOk(exchange) && !exchange.fault;

function showJournal() {
  const wanted = $("filter").value.toLowerCase();
  const hides = $("hide-noise").checked;
  const shown = exchanges.filter((each) => !(hides && isNoise(each)) && (!wanted || each.text.toLowerCase().includes(wanted)));
  $("journal-count").textContent = next ? `${shown.length} shown of ${next}` : "";
  if (!shown.length) return show($("journal"), el("p", { class: "empty inset" }, "No exchanges to show. Connect a client to the address above."));
  show($("journal"), table([N("#"), "Time", "Client", N("Broker"), "Request", "About", "Outcome", N("ms")], shown.slice(-200).reverse().map((each) =>
    opening(() => openExchange(each.number), { class: each.fault ? "faulted" : isOk(each) ? "" : "bad", "data-key": `exchange ${each.number}` },
      number(each.number), el("td", { class: "mono when" }, timeOf(each.at)), el("td", {}, each.client_id ?? "—"), number(each.broker),
      el("td", {}, `${each.api} `, el("span", { class: "muted" }, `v${each.version}`)),
      el("td", { class: "mono" }, [...each.topics, ...each.groups].join(", ")),
      el("td", {}, el("span", { class: `pill ${isOk(each) ? "good" : "bad"}` }, each.outcome),
        each.fault ? el("span", { class: "pill warn" }, `fault: ${each.fault}`) : null),
      number(each.latency === null ? "" : (each.latency * 1000).toFixed(1))))));
}

let isDue = false;
function addExchange(exchange) {
  next = Math.max(next, exchange.number + 1);
  exchanges.push(exchange);
  if (exchanges.length > KEPT) exchanges = exchanges.slice(-KEPT);
  if (isHeld || isDue) return;
  isDue = true;
  setTimeout(() => { isDue = false; if (!isHeld) showJournal(); }, 80);
}

async function openExchange(number) {
  const each = await act("GET", `/journal/${number}`);
  if (!each) return;
  const block = (data) => el("pre", {}, data === null ? "—" : JSON.stringify(data, null, 2));
  openDetail(`#${each.number} ${each.api} v${each.version}`, el("p", {}, each.text), el("p", { class: "muted" },
    `${each.client} · ${each.software} · ${each.principal} · connection ${each.connection}`),
  el("h3", {}, "Request"), block(each.request), el("h3", {}, "Response"), block(each.response));
}

function showState(state) {
  $("bootstrap").textContent = state.bootstrap_servers;
  clockState = { ...state.clock, at: performance.now() };
  $("toggle-clock").textContent = clockState.is_paused ? "Resume" : "Pause";
  showBrokers(state.brokers);
  showTopics(state.topics);
  showGroups(state.groups);
  showFaults(state.faults);
}

function showTime() {
  const passed = clockState.is_paused ? 0 : (performance.now() - clockState.at) / 1000;
  if (clockState.now) $("now").textContent = new Date((clockState.now + passed) * 1000).toISOString().slice(0, 19).replace("T", " ");
}

const toggleClock = () => act("POST", `/clock/${clockState.is_paused ? "resume" : "pause"}`);

function hold() {
  isHeld = !isHeld;
  $("hold").textContent = isHeld ? "Go on" : "Hold";
  if (!isHeld) showJournal();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}

function onKey(event) {
  if (event.target.closest("input, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const isButton = event.target.closest("button");
  const action = { p: toggleClock, t: () => $("theme").click(), "/": () => $("filter").focus(), " ": isButton ? null : hold }[event.key];
  if (action) { event.preventDefault(); action(); }
}

function begin() {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = localStorage.getItem("theme") || (prefersDark ? "dark" : "light");
  $("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  $("bootstrap").onclick = () => navigator.clipboard?.writeText($("bootstrap").textContent).then(() => tell("Copied"));
  $("toggle-clock").onclick = toggleClock;
  $("advance").onsubmit = (event) => { event.preventDefault(); act("POST", "/clock/advance", { seconds: Number($("seconds").value) }); };
  $("fault-form").onsubmit = submitFault;
  $("fault-effect").onchange = showFaultFields;
  $("filter").oninput = showJournal;
  $("hide-noise").onchange = showJournal;
  $("hold").onclick = hold;
  $("clear").onclick = async () => { await act("DELETE", "/journal"); exchanges = []; showJournal(); };
  $("token-form").onsubmit = (event) => { event.preventDefault(); sessionStorage.setItem("token", $("token").value); location.reload(); };
  document.addEventListener("keydown", onKey);
  setInterval(showTime, 250);
  showJournal();
  fillFaultForm();
  follow(() => "/state/events", showState, (isLive) => {
    $("live").textContent = isLive ? "live" : "not connected";
    $("live").className = `pill ${isLive ? "good" : "bad"}`;
  });
  follow(() => (next ? `/journal/events?since=${next}` : "/journal/events?since=0&limit=300"), addExchange, () => {});
}

begin();
