import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/free-ports.js';
import { startChild, untilDone } from '../child.js';
import { PhoneEvents } from '../phone.js';
import { readTraced } from '../trace.js';
const kinds = {
    CALL_INCOMING: 'incoming',
    CALL_RINGING: 'ringing',
    CALL_ESTABLISHED: 'answered',
    CALL_CLOSED: 'ended',
};
/** Starts one and waits until it takes commands. It is driven by its `ctrl_tcp` module (JSON in netstrings). */
export async function startBaresip(options) {
    const folder = mkdtempSync(join(tmpdir(), `firstline-baresip-${options.name}-`));
    const [controlPort = 0] = await freePorts(1);
    writeConfiguration(folder, options, controlPort);
    const child = startChild('baresip', ['-s', '-v', '-f', folder], { cwd: folder });
    const events = new PhoneEvents(() => child.tail());
    const control = await untilDone(() => {
        if (child.process.exitCode !== null)
            throw new Error(`baresip ended at its start: ${child.tail()}`);
        return connected(controlPort);
    });
    const answers = [];
    readNetstrings(control, (text) => {
        const message = JSON.parse(text);
        if (message['response'] === true)
            answers.shift()?.(message['ok'] === true);
        const kind = kinds[String(message['type'])];
        if (kind !== undefined)
            events.put({ kind, detail: String(message['param']) });
    });
    const command = async (name, params) => {
        const text = JSON.stringify(params === undefined ? { command: name } : { command: name, params });
        const answered = new Promise((resolve) => answers.push(resolve));
        control.write(`${Buffer.byteLength(text)}:${text},`);
        if (!(await answered))
            throw new Error(`${options.name}: ${name} failed\n${child.tail()}`);
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
function writeConfiguration(folder, options, controlPort) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'tone.wav'), silence());
    const tls = options.tls === undefined
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
function silence() {
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
function connected(port) {
    return new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('error', reject);
        socket.once('connect', () => {
            socket.off('error', reject);
            socket.on('error', () => undefined);
            resolve(socket);
        });
    });
}
function readNetstrings(socket, onText) {
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
        pending = Buffer.concat([pending, chunk]);
        for (;;) {
            const colon = pending.indexOf(':');
            if (colon === -1)
                return;
            const end = colon + 1 + Number(pending.subarray(0, colon).toString('latin1'));
            if (pending.length <= end)
                return;
            onText(pending.subarray(colon + 1, end).toString('utf8'));
            pending = pending.subarray(end + 1);
        }
    });
}
/** `-s` prints a coloured line of `#`, one of addresses, the message, and the end of the colour. */
function readTrace(output) {
    return [...output.matchAll(/\x1b\[36;1m#\n[^\n]*\n([\s\S]*?)\x1b\[;m/g)]
        .map(([, text = '']) => readTraced(text))
        .filter((message) => message !== undefined);
}
