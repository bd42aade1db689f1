import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/free-ports.ts';
import { connectTo, startChild, untilDone } from '../child.ts';
import { type Phone, type PhoneEventKind, PhoneEvents } from '../phone.ts';
import { readTraced, type TracedMessage } from '../trace.ts';

/** A baresip (Debian: baresip-core) with one account. */
export interface BaresipOptions {
  readonly name: string;
  /** User part of its account, and of the Request-URIs that it takes: baresip answers 404 to every other. */
  readonly user: string;
  /** UDP and TCP at every address of the machine but 127.0.0.1 and ::1; TLS on the port above. */
  readonly port: number;
  /** `sip:host:port;transport=…` that every request outside of a dialog goes to; absent: where its Request-URI says. */
  readonly outboundProxy?: string;
  /** Certificate with key in one PEM file, and the authorities it goes by. */
  readonly tls?: { readonly certificateFile: string; readonly caFile: string };
  readonly address?: string;
}

const kinds: Readonly<Record<string, PhoneEventKind>> = {
  CALL_INCOMING: 'incoming',
  CALL_RINGING: 'ringing',
  CALL_ESTABLISHED: 'answered',
  CALL_CLOSED: 'ended',
};

/** Starts one and waits until it takes commands. It is driven by its `ctrl_tcp` module (JSON in netstrings). */
export async function startBaresip(options: BaresipOptions): Promise<Phone> {
  const folder = mkdtempSync(join(tmpdir(), `firstline-baresip-${options.name}-`));
  const [controlPort = 0] = await freePorts(1);
  writeConfiguration(folder, options, controlPort);
  const child = startChild('baresip', ['-s', '-v', '-f', folder], { cwd: folder });
  const events = new PhoneEvents(() => child.tail());
  const control = await untilDone(() => {
    if (child.process.exitCode !== null) throw new Error(`baresip ended at its start: ${child.tail()}`);
    return connectTo(controlPort);
  });
  const answers: ((isDone: boolean) => void)[] = [];
  readNetstrings(control, (text) => {
    const message: Record<string, unknown> = JSON.parse(text);
    if (message['response'] === true) answers.shift()?.(message['ok'] === true);
    const kind = kinds[String(message['type'])];
    if (kind !== undefined) events.put({ kind, detail: String(message['param']) });
  });
  const command = async (name: string, params?: string) => {
    const text = JSON.stringify(params === undefined ? { command: name } : { command: name, params });
    const answered = new Promise<boolean>((resolve) => answers.push(resolve));
    control.write(`${Buffer.byteLength(text)}:${text},`);
    if (!(await answered)) throw new Error(`${options.name}: ${name} failed\n${child.tail()}`);
  };
  return {
    name: options.name,
    dial: (uri) => command('dial', uri),
    answer: () => command('accept'),
    refuse: () => command('hangup'),
    hangUp: () => command('hangup'),
    next: (kind, timeoutMs) => events.next(kind, timeoutMs),
    messages: () => readTrace(child.output()),
    async stop() {
      control.destroy();
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeConfiguration(folder: string, options: BaresipOptions, controlPort: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tone.wav'), silence());
  const tls =
    options.tls === undefined
      ? []
      : [`sip_certificate ${options.tls.certificateFile}`, `sip_cafile ${options.tls.caFile}`];
  const lines = [
    `sip_listen 0.0.0.0:${options.port}`,
    ...tls,
    'call_local_timeout 120',
    'call_max_calls 4',
    `audio_source aufile,${join(folder, 'tone.wav')}`,
    'audio_player aubridge,nothing',
    'audio_alert aubridge,nothing',
    'module_path /usr/lib/baresip/modules',
    ...['g711', 'aufile', 'aubridge'].map((name) => `module ${name}.so`),
    ...['uuid', 'account'].map((name) => `module_tmp ${name}.so`),
    ...['menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`),
    'ringback_disabled yes',
    'menu_bell no',
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
  ];
  writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`);
  const outbound = options.outboundProxy === undefined ? '' : `;outbound="${options.outboundProxy}"`;
  const account = `<sip:${options.user}@${options.address ?? '10.99.0.1'}>;regint=0;answermode=manual${outbound}`;
  writeFileSync(join(folder, 'accounts'), `${account}\n`);
}

/** A second of silence as a WAV file: 16 bits, one channel, 8,000 Hz. baresip does not answer without a source of sound. */
function silence(): Buffer {
  const samples = Buffer.alloc(16_000);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

function readNetstrings(socket: Socket, onText: (text: string) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const colon = pending.indexOf(':');
      if (colon === -1) return;
      const end = colon + 1 + Number(pending.subarray(0, colon).toString('latin1'));
      if (pending.length <= end) return;
      onText(pending.subarray(colon + 1, end).toString('utf8'));
      pending = pending.subarray(end + 1);
    }
  });
}

/** `-s` prints a coloured line of `#`, one of addresses, the message, and the end of the colour. */
function readTrace(output: string): readonly TracedMessage[] {
  return [...output.matchAll(/\x1b\[36;1m#\n[^\n]*\n([\s\S]*?)\x1b\[;m/g)]
    .map(([, text = '']) => readTraced(text))
    .filter((message) => message !== undefined);
}
