// A kafkajs client process: the verbs of ../clients/worker.py.
'use strict'

const { randomUUID } = require('node:crypto')
const zlib = require('node:zlib')
const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = require('kafkajs')
const lz4 = require('lz4-napi')
const { data, say, serve, sorted, stillness, text, within } = require('../clients/worker.js')

// kafkajs has gzip of its own, and takes the others from whoever brings them.
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: encoder => lz4.compressFrame(encoder.buffer),
  decompress: buffer => lz4.decompressFrame(buffer)
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => zlib.zstdCompressSync(encoder.buffer),
  decompress: async buffer => zlib.zstdDecompressSync(buffer)
})

const PATIENCE = 20
const SILENCE = 1 // after which a reader takes it that markers are all that is left
const CODECS = {
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}
const ACKS = { 0: 0, 1: 1, all: -1 }

const kafka = new Kafka({
  clientId: 'kafkajs',
  brokers: process.argv[2].split(','),
  logLevel: logLevel.ERROR,
  logCreator: () => ({ log }) => process.stderr.write(JSON.stringify(log) + '\n'),
  retry: { initialRetryTime: 50 }
})
const admin = kafka.admin()
let member = null
let transactional = null
let transaction = null

function messageOf (record) {
  const headers = {}
  for (const [name, value] of record.headers || []) (headers[name] ||= []).push(value)
  const message = { key: data(record.key), value: data(record.value), headers }
  if (record.partition !== undefined) message.partition = record.partition
  if (record.timestamp_ms) message.timestamp = String(record.timestamp_ms)
  return message
}

function recordOf (topic, partition, message) {
  const headers = Object.entries(message.headers || {}).flatMap(
    ([name, values]) => [values].flat().map(value => [name, text(value)])
  )
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp_ms: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers
  }
}

async function send (sender, { topic, records, codec, acks }) {
  const sent = await sender.send({
    topic, acks: ACKS[acks ?? 'all'], compression: CODECS[codec], messages: records.map(messageOf)
  })
  const next = new Map((sent || []).map(one => [one.partition, Number(one.baseOffset)]))
  return records.filter(record => record.partition !== undefined).map(({ partition }) => {
    const offset = next.get(partition)
    next.set(partition, offset + 1)
    return [partition, offset]
  })
}

/** Reads partitions from `starts` on to before `ends`: kafkajs consumes in groups only, so in one of its own. */
async function fetch (topic, starts, ends, { committed = false, toHighWatermark = false } = {}) {
  const waiting = new Set(Object.keys(starts).map(Number).filter(p => starts[p] < ends[p]))
  const records = []
  if (!waiting.size) return records
  const consumer = kafka.consumer({
    groupId: randomUUID(), readUncommitted: !committed, maxWaitTimeInMs: 100, heartbeatInterval: 300
  })
  const quiet = stillness(PATIENCE)
  consumer.on(consumer.events.GROUP_JOIN, () => quiet.touch(SILENCE))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let finish
  const finished = new Promise(resolve => { finish = resolve })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages, highWatermark } }) => {
      quiet.touch(SILENCE)
      if (toHighWatermark) ends[partition] = Number(highWatermark)
      for (const message of messages) {
        const offset = Number(message.offset)
        if (offset >= starts[partition] && offset < ends[partition]) records.push(recordOf(topic, partition, message))
        if (offset >= ends[partition] - 1) waiting.delete(partition)
      }
      if (!waiting.size) finish()
    }
  })
  for (const partition of waiting) consumer.seek({ topic, partition, offset: String(starts[partition]) })
  await within(PATIENCE, Promise.race([finished, quiet.done]), `${topic} read`)
  await consumer.disconnect()
  return sorted(records)
}

async function ends (topic) {
  return admin.fetchTopicOffsets(topic)
}

async function readAll (topic, committed) {
  const offsets = await ends(topic) // up to the last stable offset, whatever one reads
  const starts = Object.fromEntries(offsets.map(one => [one.partition, Number(one.low)]))
  const highs = Object.fromEntries(offsets.map(one => [one.partition, Number(one.high)]))
  return fetch(topic, starts, highs, { committed, toHighWatermark: !committed })
}

async function join ({ topic, group, session_timeout_ms: sessionTimeout }) {
  const consumer = kafka.consumer({
    groupId: group, sessionTimeout, heartbeatInterval: 300, maxWaitTimeInMs: 100
  })
  member = { consumer, topic, group, assignment: [], positions: {} }
  const me = member
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    me.assignment = (payload.memberAssignment[topic] || []).sort()
    say({ assignment: me.assignment })
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      me.positions[partition] = Number(message.offset) + 1
      say({ records: [recordOf(topic, partition, message)] })
    }
  })
}

async function commit () {
  const { consumer, topic, group, positions, assignment } = member
  await consumer.commitOffsets(Object.entries(positions).map(
    ([partition, offset]) => ({ topic, partition: Number(partition), offset: String(offset) })
  ))
  const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  return Object.fromEntries(partitions
    .filter(one => assignment.includes(one.partition) && Number(one.offset) > 0)
    .map(one => [one.partition, Number(one.offset)]))
}

async function connectedTransactional (transactionalId) {
  const producer = kafka.producer({
    transactionalId, idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner
  })
  await producer.connect()
  return producer
}

async function sendInTransaction ({ topic, transactional_id: id, records }) {
  transactional ||= await connectedTransactional(id)
  transaction = await transactional.transaction()
  return send(transaction, { topic, records })
}

async function endTransaction ({ commit }) {
  await (commit ? transaction.commit() : transaction.abort())
}

async function copyBatch (producer, batch, { source, target, group }, commit) {
  const work = await producer.transaction()
  await work.send({
    topic: target,
    messages: batch.messages.map(one => ({ key: one.key, value: text(one.value).toUpperCase() }))
  })
  const offset = String(Number(batch.messages.at(-1).offset) + 1)
  await work.sendOffsets({
    consumerGroupId: group, topics: [{ topic: source, partitions: [{ partition: batch.partition, offset }] }]
  })
  await (commit ? work.commit() : work.abort())
}

/** Copies `count` records in transactions of five at most; it aborts every so many and does the work again. */
async function copy (command) {
  const producer = await connectedTransactional(command.transactional_id)
  const consumer = kafka.consumer({ groupId: command.group, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: command.source, fromBeginning: true })
  let [copied, aborted, number] = [0, 0, 0]
  await within(PATIENCE, new Promise((resolve, reject) => {
    consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        let at = 0
        while (copied < command.count && at < batch.messages.length) {
          const size = Math.min(5, command.count - copied)
          const some = { partition: batch.partition, messages: batch.messages.slice(at, at + size) }
          const commit = ++number % command.abort_every !== 0
          await copyBatch(producer, some, command, commit)
          if (!commit) {
            aborted++
            continue
          }
          resolveOffset(some.messages.at(-1).offset)
          at += some.messages.length
          copied += some.messages.length
        }
        if (copied >= command.count) resolve()
      }
    }).catch(reject)
  }), 'copied')
  await consumer.disconnect()
  await producer.disconnect()
  return aborted
}

async function produce (command) {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    ...(command.idempotent && { idempotent: true, maxInFlightRequests: 1 })
  })
  await producer.connect()
  try {
    return await send(producer, command)
  } finally {
    await producer.disconnect()
  }
}

const verbs = {
  create_topic: async ({ topic, partitions }) => {
    if (!await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }] })) {
      throw new Error('already exists')
    }
  },
  describe_topic: async ({ topic }) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0].partitions.map(one => one.partitionId)
  },
  list_topics: () => admin.listTopics(),
  delete_topic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  produce,
  read: ({ topic }) => readAll(topic, false),
  read_committed: ({ topic }) => readAll(topic, true),
  read_from: ({ topic, partition, offset, count }) =>
    fetch(topic, { [partition]: offset }, { [partition]: offset + count }),
  watermarks: async ({ topic, partition }) => {
    const found = (await ends(topic)).find(one => one.partition === partition)
    return [Number(found.low), Number(found.high)]
  },
  offset_for_time: async ({ topic, partition, timestamp_ms: time }) => {
    // kafkajs answers the end where Kafka answers that there is none.
    const found = (await admin.fetchTopicOffsetsByTimestamp(topic, time)).find(one => one.partition === partition)
    const { high } = (await ends(topic)).find(one => one.partition === partition)
    return found.offset === high ? null : Number(found.offset)
  },
  join,
  commit,
  seek: ({ topic, partition, offset }) => member.consumer.seek({ topic, partition, offset: String(offset) }),
  leave: () => member.consumer.disconnect(),
  send_in_transaction: sendInTransaction,
  end_transaction: endTransaction,
  copy
}

admin.connect().then(() => serve(verbs))
