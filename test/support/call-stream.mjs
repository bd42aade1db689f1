// Callers and the PSAP of a steady stream of calls, in a process of its own, so that neither is held up by what else a test
// does: INVITE, 180, 200, ACK and BYE, over UDP or over one connection by TCP or TLS. Both sides send again what UDP loses
// and know copies of what they had. Told over IPC what to do by call-stream.ts, which says what the messages mean.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

const t1Ms = 500;
const lookMs = 50;
const address = '127.0.0.1';

process.once('message', (settings) => void start(settings));
process.once('disconnect', () => process.exit());

async function start({ transport, server, psapPort, tls }) {
  const upper = transport.toUpperCase();
  const psap = new Psap();
  const listening = await listen({
    transport,
    port: psapPort,
    tls,
    onText: (text, reply) => psap.take(text, reply),
  });
  psap.contact = `<sip:calltaker@${address}:${listening.port};transport=${transport}>`;
  const calls = new Calls();
  const own = await open({ transport, server, tls, onText: (text) => calls.take(text) });
  calls.join({
    send: own.send,
    via: `${upper} ${address}:${own.port}`,
    contact: `<sip:caller@${address}:${own.port};transport=${transport}>`,
    isReliable: transport !== 'udp',
  });
  process.on('message', async (order) => process.send({ kind: 'done', ...(await calls.run(order)) }));
  process.send({ kind: 'ready', psapPort: listening.port });
}

/** The calling side. */
class Calls {
  #open = new Map();
  #way;
  #ordinal = 0;
  #results;

  join(way) {
    this.#way = way;
    // What UDP lost is sent again (RFC 3261 §17.1.1.2, §17.1.2.2).
    setInterval(() => this.#look(performance.now()), lookMs);
  }

  /** Places calls at a rate; resolves when the last one has ended or failed. */
  run({ count, perSecond, body, contentType, giveUpMs }) {
    return new Promise((resolve) => {
      const results = {
        count,
        begun: 0,
        ended: 0,
        failures: [],
        retransmissions: 0,
        ringingMs: [],
        answeredMs: [],
      };
      const startedAt = performance.now();
      const timer = setInterval(() => {
        const due = Math.min(count, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000));
        while (results.begun < due) this.#begin(body, contentType);
        if (results.ended < count) return;
        clearInterval(timer);
        resolve(results);
      }, 4);
      results.giveUpMs = giveUpMs;
      this.#results = results;
    });
  }

  #begin(body, contentType) {
    const id = `${process.pid}x${this.#ordinal++}`;
    const head = `From: <sip:c@caller.example.org>;tag=${id}\r\nCall-ID: ${id}\r\n`;
    const invite = `INVITE urn:service:sos SIP/2.0\r\nVia: SIP/2.0/${this.#way.via};rport;branch=z9hG4bK${id}i\r\nMax-Forwards: 70\r\n${head}To: <urn:service:sos>\r\nCSeq: 1 INVITE\r\nContact: ${this.#way.contact}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const now = performance.now();
    const call = {
      id,
      head,
      beganAt: now,
      request: invite,
      isRinging: false,
      waitMs: t1Ms,
      againAt: now + t1Ms,
    };
    this.#results.begun += 1;
    this.#open.set(id, call);
    this.#way.send(invite);
  }

  take(text) {
    const call = this.#open.get(headerOf(text, 'Call-ID'));
    if (call === undefined || !text.startsWith('SIP/2.0 ')) return;
    const status = Number(text.slice(8, 11));
    const isOfInvite = headerOf(text, 'CSeq').endsWith('INVITE');
    const now = performance.now();
    if (isOfInvite && call.ack === undefined) this.#ofInvite(call, { status, text, now });
    else if (isOfInvite && status >= 200) this.#way.send(call.ack);
    else if (!isOfInvite && status >= 200)
      this.#end(call, status === 200 ? undefined : `BYE: ${text.slice(8, 40)}`);
  }

  #ofInvite(call, { status, text, now }) {
    // A provisional response ends the sending (RFC 3261 §17.1.1.2).
    call.againAt = undefined;
    if (status === 180 && !call.isRinging) {
      call.isRinging = true;
      this.#results.ringingMs.push(now - call.beganAt);
    }
    if (status < 200) return;
    if (status >= 300) {
      this.#end(call, `INVITE: ${text.slice(8, text.indexOf('\r\n'))}`);
      return;
    }
    this.#results.answeredMs.push(now - call.beganAt);
    const target = /<([^>]*)>/.exec(headerOf(text, 'Contact'))?.[1];
    const routes = linesOf(text, 'Record-Route')
      .reverse()
      .map((line) => `Route: ${line}\r\n`)
      .join('');
    const inDialog = (method, cseq) =>
      `${method} ${target} SIP/2.0\r\nVia: SIP/2.0/${this.#way.via};rport;branch=z9hG4bK${call.id}${method}\r\n${routes}Max-Forwards: 70\r\n${call.head}To: ${headerOf(text, 'To')}\r\nCSeq: ${cseq} ${method}\r\nContent-Length: 0\r\n\r\n`;
    call.ack = inDialog('ACK', 1);
    this.#way.send(call.ack);
    call.request = inDialog('BYE', 2);
    call.waitMs = t1Ms;
    call.againAt = now + t1Ms;
    this.#way.send(call.request);
  }

  #look(now) {
    for (const call of this.#open.values()) {
      if (now > call.beganAt + this.#results.giveUpMs) {
        this.#end(call, call.ack === undefined ? 'no answer' : 'no end');
        continue;
      }
      if (this.#way.isReliable || call.againAt === undefined || now < call.againAt) continue;
      call.waitMs = Math.min(4_000, 2 * call.waitMs);
      call.againAt = now + call.waitMs;
      this.#results.retransmissions += 1;
      this.#way.send(call.request);
    }
  }

  #end(call, failure) {
    this.#open.delete(call.id);
    this.#results.ended += 1;
    if (failure !== undefined) this.#results.failures.push(failure);
  }
}

/** The called side. */
class Psap {
  contact = '';
  /** By Call-ID and CSeq: what was answered, for copies of the request, and what is sent again until its ACK. */
  #answers = new Map();

  constructor() {
    setInterval(() => this.#look(performance.now()), lookMs);
  }

  take(text, reply) {
    const method = text.slice(0, text.indexOf(' '));
    const callId = headerOf(text, 'Call-ID');
    if (method === 'ACK') {
      const invited = this.#answers.get(`${callId} INVITE`);
      if (invited !== undefined) invited.againAt = undefined;
      return;
    }
    if (method !== 'INVITE' && method !== 'BYE') return;
    const key = `${callId} ${method}`;
    const known = this.#answers.get(key);
    if (known !== undefined) {
      for (const one of known.texts) reply(one);
      return;
    }
    const now = performance.now();
    const texts =
      method === 'INVITE'
        ? [this.#response(text, 180), this.#response(text, 200)]
        : [this.#response(text, 200)];
    const againAt = method === 'INVITE' && reply.isReliable !== true ? now + t1Ms : undefined;
    this.#answers.set(key, { texts, reply, againAt, waitMs: t1Ms, madeAt: now });
    for (const one of texts) reply(one);
  }

  #response(text, status) {
    const isInvite = text.startsWith('INVITE');
    const copied = ['Via', ...(isInvite ? ['Record-Route'] : []), 'From', 'Call-ID', 'CSeq'];
    const lines = copied
      .flatMap((name) => linesOf(text, name).map((value) => `${name}: ${value}\r\n`))
      .join('');
    const contact = isInvite ? `Contact: ${this.contact}\r\n` : '';
    const tag = isInvite ? ';tag=psap' : '';
    return `SIP/2.0 ${status} ${status === 180 ? 'Ringing' : 'OK'}\r\n${lines}To: ${headerOf(text, 'To')}${tag}\r\n${contact}Content-Length: 0\r\n\r\n`;
  }

  #look(now) {
    for (const [key, answer] of this.#answers) {
      if (now > answer.madeAt + 64 * t1Ms) {
        this.#answers.delete(key);
        continue;
      }
      if (answer.againAt === undefined || now < answer.againAt) continue;
      answer.waitMs = Math.min(4_000, 2 * answer.waitMs);
      answer.againAt = now + answer.waitMs;
      answer.reply(answer.texts.at(-1));
    }
  }
}

async function open({ transport, server, tls, onText }) {
  if (transport === 'udp') {
    const socket = await boundSocket(0);
    socket.on('message', (bytes) => onText(bytes.toString('latin1')));
    return { port: socket.address().port, send: (text) => socket.send(text, server.port, server.address) };
  }
  const socket =
    transport === 'tls'
      ? connectTls({ host: server.address, port: server.port, ca: tls.ca, servername: tls.serverName })
      : connect(server.port, server.address);
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', resolve);
  });
  socket.setNoDelay(true);
  readMessages(socket, onText);
  return { port: socket.localPort, send: (text) => socket.write(text, 'latin1') };
}

async function listen({ transport, port, tls, onText }) {
  if (transport === 'udp') {
    const socket = await boundSocket(port);
    socket.on('message', (bytes, from) =>
      onText(bytes.toString('latin1'), (text) => socket.send(text, from.port, from.address)),
    );
    return socket.address();
  }
  const take = (socket) => {
    socket.setNoDelay(true);
    const reply = (text) => socket.write(text, 'latin1');
    reply.isReliable = true;
    socket.on('error', () => undefined);
    readMessages(socket, (text) => onText(text, reply));
  };
  const server =
    transport === 'tls' ? createTlsServer({ cert: tls.cert, key: tls.key }, take) : createServer(take);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return server.address();
}

async function boundSocket(port) {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    sendBufferSize: 4 * 1024 * 1024,
  });
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
  return socket;
}

/** Cuts a stream into messages by their Content-Length. */
function readMessages(socket, onText) {
  let rest = '';
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const size = end + 4 + Number(headerOf(rest.slice(0, end + 2), 'Content-Length'));
      if (rest.length < size) return;
      onText(rest.slice(0, size));
      rest = rest.slice(size);
    }
  });
}

/** The values of all header lines of that name, spelled so. */
function linesOf(text, name) {
  const found = [];
  const mark = `\r\n${name}:`;
  const end = text.indexOf('\r\n\r\n');
  for (let at = text.indexOf(mark); at >= 0 && at < end; at = text.indexOf(mark, at + 2)) {
    found.push(text.slice(at + mark.length, text.indexOf('\r\n', at + 2)).trim());
  }
  return found;
}

function headerOf(text, name) {
  const mark = `\r\n${name}:`;
  const at = text.indexOf(mark);
  return at < 0 ? '' : text.slice(at + mark.length, text.indexOf('\r\n', at + 2)).trim();
}
