// The part of a client process that all client libraries for Node.js share; worker.py says what is asked and answered.
'use strict'

const readline = require('node:readline')

function say (message) {
  process.stdout.write(JSON.stringify(message) + '\n')
}

/** What the tests typed, as a record's bytes; null stays null. */
function data (text) {
  return text === null || text === undefined ? null : Buffer.from(text)
}

/** A record's bytes as the tests type them. */
function text (bytes) {
  return bytes === null || bytes === undefined ? null : bytes.toString()
}

/** Puts records into the order of partitions and offsets. */
function sorted (records) {
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** A promise with a limit in time. */
async function within (seconds, promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${what}`)), seconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Its `done` resolves after so many seconds in which `touch` was not called. */
function stillness (seconds) {
  let timer
  let settle
  const done = new Promise(resolve => { settle = resolve })
  const touch = (next) => {
    clearTimeout(timer)
    timer = setTimeout(settle, next * 1000)
  }
  touch(seconds)
  return { done, touch }
}

/** What an error says, with the causes that it was given. */
function account (error) {
  return [error.name, error.message, ...(error.errors || []).map(account)].join(': ')
}

/** Obeys commands, one after the other, until standard input ends. */
async function serve (verbs) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line)
    try {
      if (!verbs[command.do]) throw new Error(`unknown verb ${command.do}`)
      const answer = await verbs[command.do](command)
      say({ id: command.id, answer: answer === undefined ? null : answer })
    } catch (error) {
      say({ id: command.id, error: account(error) })
    }
  }
  process.exit()
}

module.exports = { data, say, serve, sorted, stillness, text, within }
