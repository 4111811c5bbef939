// Node's own http server: `node node_server.mjs RECORD`. Asked in OpenAI's dialect; a line of truth for
// each request, durations from when Node hands the request over.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const record = process.argv[2]

const server = createServer(async (request, response) => {
  const received = performance.now()
  if (request.method !== 'POST') {
    response.writeHead(404).end()
    return
  }
  let body = ''
  for await (const piece of request) body += piece
  const asked = JSON.parse(body)
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  response.flushHeaders()
  await sleep(asked.ttft_ms)
  const sent = []
  for (let number = 0; number < asked.tokens; number++) {
    if (number) await sleep(asked.itl_ms)
    sent.push(performance.now())
    const event = { choices: [{ index: 0, delta: { content: `word${number} ` } }] }
    response.write(`data: ${JSON.stringify(event)}\n\n`)
  }
  const truth = { ttft_ms: sent[0] - received, e2e_ms: sent.at(-1) - received, tokens: sent.length }
  appendFileSync(record, JSON.stringify(truth) + '\n')
  response.end('data: [DONE]\n\n')
})

server.listen(0, '127.0.0.1', 128, () => console.log(server.address().port))
