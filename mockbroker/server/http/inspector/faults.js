// Faults: the form, the ones with a click, and those that are set.
const VALUES = { delay: "seconds", throttle: "ms", truncate: "bytes", slice: "bytes", bandwidth: "bytes/s" };
const FIXED = { disconnect: true, hang: true, "drop request": ["drop", "request"], "drop response": ["drop", "response"],
  "corrupt crc": ["corrupt", "crc"] };
const PRESETS = [
  ["Lose an acknowledgement", { api: "Produce", disconnect: true, at: "after" }],
  ["Produce: not the leader", { api: "Produce", error: "NOT_LEADER_OR_FOLLOWER" }],
  ["Produce: too few replicas", { api: "Produce", error: "NOT_ENOUGH_REPLICAS", times: 3 }],
  ["Fetch: damaged records", { api: "Fetch", corrupt: "crc" }],
  ["Rebalance", { api: "Heartbeat", error: "REBALANCE_IN_PROGRESS" }],
  ["Coordinator moved", { api: "OffsetCommit", error: "NOT_COORDINATOR" }],
  ["Everything 1 s slower", { delay: 1, times: null }],
];

async function fillFaultForm() {
  const choices = await act("GET", "/faults/choices");
  if (!choices) return;
  $("fault-api").append(...choices.apis.map((name) => el("option", {}, name)));
  $("fault-api").value = "Produce";
  $("fault-error").append(...choices.errors.map((name) => el("option", {}, name)));
  $("fault-error").value = "NOT_LEADER_OR_FOLLOWER";
  $("fault-effect").append(...["error", ...Object.keys(VALUES), ...Object.keys(FIXED)].map((name) => el("option", {}, name)));
  $("presets").append(...PRESETS.map(([title, fault]) => el("button", { class: "small", type: "button",
    onclick: () => addFault({ required: false, ...fault }) }, title)));
}

function showFaultFields() {
  const effect = $("fault-effect").value;
  $("fault-error-label").hidden = effect !== "error";
  $("fault-value-label").hidden = !(effect in VALUES);
  $("fault-value-label").firstElementChild.textContent = VALUES[effect] || "";
}

async function addFault(fault) {
  $("fault-problem").hidden = true;
  try {
    const made = await ask("POST", "/faults", fault);
    tell(`Fault ${made.id}: ${made.text}`);
  } catch (error) {
    $("fault-problem").textContent = error.message;
    $("fault-problem").hidden = false;
  }
}

function submitFault(event) {
  event.preventDefault();
  const fault = { required: false, times: $("fault-times").value ? Number($("fault-times").value) : null };
  for (const [id, name] of [["fault-api", "api"], ["fault-topic", "topic"], ["fault-client", "client_id"]]) {
    if ($(id).value) fault[name] = $(id).value;
  }
  const effect = $("fault-effect").value;
  if (effect === "error") fault.error = $("fault-error").value;
  else if (effect in VALUES) fault[effect] = Number($("fault-value").value);
  else if (FIXED[effect] === true) fault[effect] = true;
  else fault[FIXED[effect][0]] = FIXED[effect][1];
  addFault(fault);
}

function showFaults(faults) {
  $("fault-count").textContent = faults.length || "";
  if (!faults.length) return show($("faults"), el("p", { class: "empty" }, "Nothing goes wrong. Add a fault above, or with a click."));
  show($("faults"), table(["Fault", "", N("Hits"), N("Seen"), ""], faults.map((fault) => el("tr", { "data-fault": fault.id },
    el("td", {}, fault.text), el("td", {}, el("span", { class: `pill ${fault.active ? "warn" : ""}` }, fault.active ? "waiting" : "done")),
    el("td", { class: "number", "data-hits": fault.hits }, String(fault.hits)), number(fault.seen),
    el("td", { class: "number" }, el("button", { class: "small quiet", "data-key": `fault ${fault.id}`, "aria-label": `Remove fault ${fault.id}`,
      onclick: () => act("DELETE", `/faults/${fault.id}`) }, "Remove"))))));
}
