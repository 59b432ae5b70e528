// A @platformatic/kafka client process: the verbs of ../clients/worker.py.
'use strict'

const { randomUUID } = require('node:crypto')
const { Admin, Consumer, Producer } = require('@platformatic/kafka')
const { data, say, serve, sorted, stillness, text, within } = require('../clients/worker.js')

const PATIENCE = 20
const SILENCE = 1 // after which a reader takes it that markers are all that is left
const ACKS = { 0: 0, 1: 1, all: -1 }
const [EARLIEST, LATEST] = [-2n, -1n]
// Unless told otherwise it claims to be producer 0 of epoch 0, which Kafka lets none but the first of an id be.
const NEWCOMER = { producerId: -1n, producerEpoch: -1 }

const common = {
  clientId: 'platformatic', bootstrapBrokers: process.argv[2].split(','), retries: 50, retryDelay: 100
}
const admin = new Admin({ ...common, metadataMaxAge: 0 })
let member = null
let transactional = null
let transaction = null

function messageOf (topic, record) {
  const message = { topic, headers: new Map((record.headers || []).map(pair => pair.map(data))) }
  if (record.key !== null) message.key = data(record.key)
  if (record.value !== null) message.value = data(record.value)
  if (record.partition !== undefined) message.partition = record.partition
  if (record.timestamp_ms) message.timestamp = BigInt(record.timestamp_ms)
  return message
}

function recordOf (message) {
  return {
    topic: message.topic,
    partition: message.partition,
    offset: Number(message.offset),
    timestamp_ms: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers: [...message.headers].map(pair => pair.map(text))
  }
}

async function send (sender, { topic, records, codec, acks }) {
  const sent = await sender.send({
    messages: records.map(record => messageOf(topic, record)),
    acks: ACKS[acks ?? 'all'],
    compression: codec ?? 'none'
  })
  const next = new Map((sent.offsets || []).map(one => [one.partition, Number(one.offset)]))
  return records.filter(record => record.partition !== undefined).map(({ partition }) => {
    const offset = next.get(partition)
    next.set(partition, offset + 1)
    return [partition, offset]
  })
}

async function produce (command) {
  const producer = new Producer({ ...common, idempotent: command.idempotent })
  try {
    return await send(producer, command)
  } finally {
    await producer.close()
  }
}

async function partitionsOf (topic) {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
  return topics.get(topic).partitions.map((_, number) => number)
}

async function offsets (topic, timestamp, committed = false) {
  const partitions = (await partitionsOf(topic)).map(partitionIndex => ({ partitionIndex, timestamp }))
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }], isolationLevel: committed ? 1 : 0 })
  return Object.fromEntries(listed.partitions.map(one => [one.partitionIndex, Number(one.offset)]))
}

/** Reads partitions from `starts` on to before `ends`, in a group of its own. */
async function fetch (topic, starts, ends, committed) {
  const waiting = new Set(Object.keys(starts).map(Number).filter(partition => starts[partition] < ends[partition]))
  const records = []
  if (!waiting.size) return records
  const consumer = new Consumer({ ...common, groupId: randomUUID(), maxWaitTime: 100, autocommit: false })
  const from = Object.entries(starts).map(
    ([partition, offset]) => ({ topic, partition: Number(partition), offset: BigInt(offset) })
  )
  const stream = await consumer.consume({
    topics: [topic], mode: 'manual', offsets: from, isolationLevel: committed ? 1 : 0
  })
  const quiet = stillness(SILENCE)
  const read = new Promise((resolve, reject) => {
    stream.on('error', reject)
    stream.on('data', message => {
      quiet.touch(SILENCE)
      const { partition } = message
      if (message.offset < ends[partition]) records.push(recordOf(message))
      if (message.offset >= ends[partition] - 1) waiting.delete(partition)
      if (!waiting.size) resolve()
    })
  })
  await Promise.race([read, quiet.done])
  await consumer.close(true)
  return sorted(records)
}

async function readAll (topic, committed) {
  return fetch(topic, await offsets(topic, EARLIEST), await offsets(topic, LATEST, committed), committed)
}

async function readFrom ({ topic, partition, offset, count }) {
  const starts = await offsets(topic, LATEST)
  return fetch(topic, { ...starts, [partition]: offset }, { ...starts, [partition]: offset + count }, false)
}

async function consume (how) {
  member.stream = await member.consumer.consume({ topics: [member.topic], maxWaitTime: 100, ...how })
  member.stream.on('error', error => process.stderr.write(`${error.stack}\n`))
  member.stream.on('data', message => {
    // A stream that looks its offsets up again, as it does when it is assigned, hands on what it has fetched already.
    if (message.offset < (member.positions[message.partition] ?? 0)) return
    member.positions[message.partition] = Number(message.offset) + 1
    say({ records: [recordOf(message)] })
  })
}

async function join ({ topic, group, session_timeout_ms: sessionTimeout, protocol }) {
  const how = protocol === 'consumer'
    ? { groupProtocol: 'consumer' }
    : { sessionTimeout, rebalanceTimeout: 10_000, heartbeatInterval: 300 }
  const consumer = new Consumer({ ...common, groupId: group, autocommit: false, ...how })
  member = { consumer, topic, positions: {}, assignment: [] }
  const me = member
  const assigned = () => {
    const mine = (consumer.assignments || []).find(one => one.topic === topic)
    const now = [...(mine?.partitions || [])].sort()
    if (String(now) === String(me.assignment)) return
    me.assignment = now
    say({ assignment: now })
  }
  for (const event of ['group:join', 'group:rebalance', 'heartbeat:end']) consumer.on(`consumer:${event}`, assigned)
  await consume({ mode: 'committed', fallbackMode: 'earliest' })
}

async function commit () {
  const { consumer, topic, positions, assignment } = member
  await consumer.commit({
    offsets: Object.entries(positions).map(
      ([partition, offset]) => ({ topic, partition: Number(partition), offset: BigInt(offset), leaderEpoch: -1 })
    )
  })
  const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: assignment }] })
  const found = [...committed.get(topic).entries()].map(([partition, offset]) => [partition, Number(offset)])
  return Object.fromEntries(found.filter(([, offset]) => offset > 0))
}

/** What it has for it: another stream of the same member, from given offsets. */
async function seek ({ topic, partition, offset }) {
  await member.stream.close()
  member.positions[partition] = offset
  const from = { ...Object.fromEntries(member.assignment.map(one => [one, 0])), ...member.positions }
  await consume({
    mode: 'manual',
    offsets: Object.entries(from).map(([one, at]) => ({ topic, partition: Number(one), offset: BigInt(at) }))
  })
}

async function sendInTransaction ({ topic, transactional_id: transactionalId, records }) {
  transactional ||= new Producer({ ...common, idempotent: true, transactionalId })
  transaction = await transactional.beginTransaction(NEWCOMER)
  return send(transaction, { topic, records })
}

async function endTransaction ({ commit }) {
  await (commit ? transaction.commit() : transaction.abort())
}

async function copyBatch (producer, consumer, batch, { target }, commit) {
  const work = await producer.beginTransaction(NEWCOMER)
  await work.addConsumer(consumer)
  await work.send({
    messages: batch.map(one => ({ topic: target, key: one.key, value: Buffer.from(text(one.value).toUpperCase()) }))
  })
  for (const message of batch) await work.addOffset(message)
  await (commit ? work.commit() : work.abort())
}

/** Copies `count` records in transactions of five at most; it aborts every so many and does the work again. */
async function copy (command) {
  const producer = new Producer({ ...common, idempotent: true, transactionalId: command.transactional_id })
  const consumer = new Consumer({ ...common, groupId: command.group, maxWaitTime: 100, autocommit: false })
  const stream = await consumer.consume({
    topics: [command.source], mode: 'committed', fallbackMode: 'earliest', isolationLevel: 1
  })
  let [copied, aborted, number, batch] = [0, 0, 0, []]
  const next = new Map()
  for await (const message of stream) {
    if (message.offset < (next.get(message.partition) ?? 0n)) continue
    next.set(message.partition, message.offset + 1n)
    batch.push(message)
    if (batch.length < Math.min(5, command.count - copied)) continue
    for (let done = false; !done;) {
      done = ++number % command.abort_every !== 0
      await copyBatch(producer, consumer, batch, command, done)
      if (!done) aborted++
    }
    copied += batch.length
    batch = []
    if (copied >= command.count) break
  }
  await consumer.close(true)
  await producer.close()
  return aborted
}

serve({
  create_topic: async ({ topic, partitions }) => {
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  },
  describe_topic: ({ topic }) => partitionsOf(topic),
  list_topics: () => admin.listTopics(),
  delete_topic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  produce,
  read: ({ topic }) => readAll(topic, false),
  read_committed: ({ topic }) => readAll(topic, true),
  read_from: readFrom,
  watermarks: async ({ topic, partition }) =>
    [(await offsets(topic, EARLIEST))[partition], (await offsets(topic, LATEST))[partition]],
  offset_for_time: async ({ topic, partition, timestamp_ms: time }) => {
    const found = (await offsets(topic, BigInt(time)))[partition]
    return found < 0 ? null : found
  },
  join,
  commit,
  seek,
  leave: () => member.consumer.close(true),
  send_in_transaction: sendInTransaction,
  end_transaction: endTransaction,
  copy: command => within(PATIENCE, copy(command), 'copied')
})
