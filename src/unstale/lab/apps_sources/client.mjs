// An application of the lab in Node: http and https with their defaults, or with the settings that
// docs/other-languages.md names.
//
// usage: client.mjs VARIANT, then on standard input one line of settings as JSON and one request id a line. The first
// line on standard output says that it is ready; then each answer is one line of JSON, in the order in which they come.
import dns from 'node:dns/promises';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import readline from 'node:readline';

const isRecommended = process.argv[2] === 'recommended';
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

let asked;
let agent;

function plain() {
  const library = asked.url.startsWith('https:') ? https : http;
  const trust = asked.ca ? { ca: fs.readFileSync(asked.ca) } : {};
  return { library, trust };
}

// The agent's `timeout` closes idle sockets below the server's limit. Node's agent has no maximum age and does not
// know addresses, so it is replaced; requests that are under way end on the old one.
function recommended() {
  const { library, trust } = plain();
  return new library.Agent({
    keepAlive: true,
    keepAliveMsecs: 10000,
    timeout: 4000,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 250,
    ...trust,
  });
}

async function follow() {
  let known = '';
  let aged = Date.now();
  for (;;) {
    const found = await dns.resolve4(asked.host).then((all) => all.sort().join(), () => known);
    if (found !== known || Date.now() - aged > 300000) {
      known = found;
      aged = Date.now();
      const old = agent;
      agent = recommended();
      for (const idle of Object.values(old.freeSockets).flat()) idle.destroy();
      // What is busy now is closed when it is free: nobody takes it from an agent that is not used.
      old.maxFreeSockets = 0;
    }
    await sleep(Math.max(500, 800 * asked.ttl_s));
  }
}

function once(id) {
  const { library, trust } = plain();
  return new Promise((done) => {
    let hasConnected = false;
    const fail = (error) => done({ id, status: 0, bytes: 0, error: error.code ?? error.message, hasConnected });
    const request = library.request(`${asked.url}/${id}`, {
      method: asked.method,
      agent: isRecommended ? agent : undefined,
      headers: { ...asked.headers, 'x-request-id': id, ...(asked.body && { 'content-length': asked.body.length }) },
      ...trust,
    });
    const patience = setTimeout(() => request.destroy(new Error('client time-out')), 1000 * asked.timeout_s);
    let opening;
    request.on('socket', (socket) => {
      const ready = asked.ca ? 'secureConnect' : 'connect';
      hasConnected = request.reusedSocket || !(socket.connecting || (asked.ca && !socket.authorized));
      socket.once(ready, () => {
        hasConnected = true;
        clearTimeout(opening);
      });
      if (isRecommended && !hasConnected) {
        opening = setTimeout(() => request.destroy(Object.assign(new Error('connect'), { code: 'ETIMEDOUT' })), 2000);
      }
    });
    request.on('error', (error) => {
      clearTimeout(patience);
      clearTimeout(opening);
      fail(error);
    });
    request.on('response', (response) => {
      let size = 0;
      response.on('data', (piece) => {
        size += piece.length;
      });
      response.on('error', (error) => done({ id, status: 0, bytes: 0, error: error.code, hasConnected, hasBegun: true }));
      response.on('end', () => {
        clearTimeout(patience);
        done({ id, status: response.statusCode, bytes: size, error: '' });
      });
    });
    request.end(asked.body ?? undefined);
  });
}

// Once, and with a pause in which DNS may change, what may be repeated; what could not connect was never sent.
async function send(id) {
  const began = Date.now();
  let repeats = isRecommended ? 1 : 0;
  for (;;) {
    const got = await once(id);
    if (!got.error || !isRecommended || got.hasBegun || Date.now() - began > 4000) return got;
    if (got.hasConnected) {
      if (asked.method === 'POST' || repeats === 0) return got;
      repeats -= 1;
      await sleep(Math.min(2000, Math.max(250, 1000 * (asked.ttl_s + 1))) + 100 * Math.random());
    } else {
      await sleep(250 + 100 * Math.random());
    }
  }
}

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
asked = JSON.parse((await lines.next()).value);
if (isRecommended) {
  agent = recommended();
  follow();
}
process.stdout.write('{"ready":true}\n');
const running = new Set();
for await (const id of lines) {
  const one = send(id).then(({ id, status, bytes, error }) => {
    process.stdout.write(`${JSON.stringify({ id, status, bytes, error })}\n`);
    running.delete(one);
  });
  running.add(one);
}
await Promise.all(running);
process.exit(0);
