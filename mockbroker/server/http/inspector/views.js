// What there is: brokers, topics, groups.
const TONE = { running: "good", Stable: "good", stopped: "bad", isolated: "warn", fenced: "warn", Dead: "bad" };
const pill = (text) => el("span", { class: `pill ${TONE[text] || ""}` }, text);
const N = (name) => ({ name, number: true });
const number = (value) => el("td", { class: "number" }, String(value));

function showBrokers(brokers) {
  show($("brokers"), ...brokers.map((broker) => {
    const verbs = broker.state === "stopped" ? ["start"]
      : broker.state === "isolated" ? ["heal", "stop"] : ["stop", "kill", "isolate"];
    return el("div", { class: "card" },
      el("h3", {}, `Broker ${broker.id}`, pill(broker.state), broker.is_controller ? el("span", { class: "pill" }, "controller") : null),
      el("p", { class: "mono" }, `${broker.host}:${broker.port}${broker.rack ? ` · rack ${broker.rack}` : ""}`),
      el("p", {}, `leads ${broker.leads} · ${broker.connections} connections`),
      el("div", { class: "row" }, ...verbs.map((verb) => el("button", { class: "small", "data-key": `${verb} ${broker.id}`,
        onclick: () => act("POST", `/brokers/${broker.id}/${verb}`) }, verb))));
  }));
}

function showTopics(topics) {
  $("topic-count").textContent = topics.length || "";
  show($("topic-names"), ...topics.map((topic) => el("option", { value: topic.name })));
  if (!topics.length) return show($("topics"), el("p", { class: "empty" }, "No topics yet. Clients may create them, or POST /v1/topics."));
  show($("topics"), table(["Topic", N("Partitions"), N("Replicas"), N("Records")], topics.map((topic) =>
    opening(() => openTopic(topic.name), { "data-key": `topic ${topic.name}` },
      el("td", { class: "mono" }, topic.name), number(topic.partitions.length), number(topic.replication_factor), number(topic.records)))));
}

function showGroups(groups) {
  $("group-count").textContent = groups.length || "";
  if (!groups.length) return show($("groups"), el("p", { class: "empty" }, "No groups yet."));
  show($("groups"), table(["Group", "State", N("Members"), N("Lag")], groups.map((group) =>
    opening(() => openGroup(group.group_id), { "data-key": `group ${group.group_id}` },
      el("td", { class: "mono" }, group.group_id, " ", el("span", { class: "muted" }, group.type)),
      el("td", {}, pill(group.state)), number(group.members.length), number(group.lag)))));
}

function openDetail(title, ...children) {
  $("detail-title").textContent = title;
  $("detail-body").replaceChildren(...children);
  if (!$("detail").open) $("detail").showModal();
}

const text = (record, name) => record[name] ?? (record[`${name}_base64`] ? `base64 ${record[`${name}_base64`]}` : "null");
const timeOf = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 23);

async function openTopic(name) {
  const path = encodeURIComponent(name);
  const topic = await act("GET", `/topics/${path}`);
  if (!topic) return;
  const found = await act("GET", `/topics/${path}/records?limit=200`);
  const partitions = table([N("Partition"), "Leader", "In sync", N("Start"), N("High watermark")], topic.partitions.map((each) =>
    el("tr", {}, number(each.partition), el("td", {}, ...each.isr.map((broker) => el("button", {
      class: broker === each.leader ? "small primary" : "small", title: `Let broker ${broker} lead`,
      onclick: async () => { await act("POST", `/partitions/${path}/${each.partition}/leader`, { to: broker }); openTopic(name); },
    }, String(broker)))), el("td", {}, each.isr.join(", ")), number(each.log_start_offset), number(each.high_watermark))));
  const records = found && found.records.length
    ? table([N("Partition"), N("Offset"), "Time", "Key", "Value", "Headers"], found.records.map((record) => el("tr", {},
      number(record.partition), number(record.offset), el("td", { class: "mono when" }, timeOf(record.timestamp_ms / 1000)),
      el("td", { class: "mono" }, text(record, "key")), el("td", { class: "mono" }, text(record, "value")),
      el("td", { class: "mono muted" }, record.headers.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ")))))
    : el("p", { class: "empty" }, "No records.");
  const value = el("input", { "aria-label": "Value", placeholder: "value", size: "30" });
  const key = el("input", { "aria-label": "Key", placeholder: "key", size: "12" });
  const produce = el("form", { class: "row", onsubmit: async (event) => {
    event.preventDefault();
    if (await act("POST", `/topics/${path}/records`, { key: key.value || null, value: value.value })) openTopic(name);
  } }, key, value, el("button", { class: "primary" }, "Produce"));
  openDetail(`Topic ${name}`, partitions, el("h3", {}, `Records ${found && found.total > 200 ? "(the first 200)" : ""}`), produce, records);
}

async function openGroup(name) {
  const group = await act("GET", `/groups/${encodeURIComponent(name)}`);
  if (!group) return;
  const members = table(["Member", "Client", "Assignment"], group.members.map((member) => el("tr", {},
    el("td", { class: "mono" }, member.member_id), el("td", {}, `${member.client_id} ${member.client_host}`),
    el("td", { class: "mono" }, member.assignment.map((each) => `${each.topic}-${each.partition}`).join(", ") || "—"))));
  const offsets = table(["Topic", N("Partition"), N("Committed"), N("Lag")], group.offsets.map((each) => el("tr", {},
    el("td", { class: "mono" }, each.topic), number(each.partition), number(each.offset), number(each.lag))));
  openDetail(`Group ${name}`, el("p", {}, pill(group.state), ` ${group.type}, generation ${group.generation_id}, ${group.protocol || "no protocol"}`),
    el("h3", {}, "Members"), group.members.length ? members : el("p", { class: "empty" }, "None."),
    el("h3", {}, "Offsets"), group.offsets.length ? offsets : el("p", { class: "empty" }, "Nothing committed."));
}
