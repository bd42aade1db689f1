import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../child.js';
import { PhoneEvents } from '../phone.js';
import { readAllTraced } from '../trace.js';
const kinds = {
    LinphoneCallIncomingReceived: 'incoming',
    LinphoneCallOutgoingRinging: 'ringing',
    LinphoneCallConnected: 'answered',
    LinphoneCallEnd: 'ended',
    LinphoneCallError: 'ended',
};
/** Starts one and waits until it takes commands. It is driven by the standard input of `linphone-daemon`. */
export async function startLinphone(options) {
    const folder = mkdtempSync(join(tmpdir(), `firstline-linphone-${options.name}-`));
    // Without this folder it cannot make its database, and without that it opens no port.
    mkdirSync(join(folder, '.local', 'share', 'linphone'), { recursive: true });
    const logFile = join(folder, 'sip.log');
    const factoryFile = join(folder, 'factory.conf');
    writeFileSync(factoryFile, configuration(options));
    let pending = '';
    let status;
    const child = startChild('linphone-daemon', [
        '--factory-config',
        factoryFile,
        '--config',
        join(folder, 'rc'),
        '--log',
        logFile,
        '--disable-stats-events',
    ], {
        cwd: folder,
        environment: { HOME: folder },
        onOutput(text) {
            pending += text;
            const lines = pending.split('\n');
            pending = lines.pop() ?? '';
            for (const line of lines) {
                const [, name = '', value = ''] = /^(?:daemon-linphone>)?(Event|Status): (.*)$/.exec(line) ?? [];
                if (name === 'Status')
                    status?.(value === 'Ok');
                const kind = name === 'Event' ? kinds[value] : undefined;
                if (kind !== undefined)
                    events.put({ kind, detail: value });
            }
        },
    });
    const readLog = () => readFileSync(logFile, 'latin1');
    const events = new PhoneEvents(() => `${child.tail()}\n${readLog().slice(-4_000)}`);
    const command = async (line) => {
        const answered = new Promise((resolve, reject) => {
            const late = setTimeout(() => reject(new Error(`${options.name}: no answer to ${line}`)), 8_000);
            status = (isDone) => {
                clearTimeout(late);
                resolve(isDone);
            };
        });
        child.process.stdin.write(`${line}\n`);
        if (!(await answered))
            throw new Error(`${options.name}: ${line} failed\n${child.tail()}`);
    };
    await command('port');
    return {
        name: options.name,
        dial: (uri) => command(`call ${uri}`),
        answer: () => command('answer'),
        refuse: () => command('terminate'),
        hangUp: () => command('terminate'),
        next: (kind, timeoutMs) => events.next(kind, timeoutMs),
        messages: () => readTrace(readLog()),
        async stop() {
            child.process.stdin.end('quit\n');
            await child.stop();
            rmSync(folder, { recursive: true, force: true });
        },
    };
}
function configuration(options) {
    const isIpv6 = options.family === 'ipv6';
    const host = isIpv6 ? '[fd99::1]' : '10.99.0.1';
    const tls = options.tls === undefined
        ? ['sip_tls_port=0']
        : [
            `sip_tls_port=${options.port + 1}`,
            `root_ca=${options.tls.caFile}`,
            `client_cert_chain=${options.tls.certificateFile}`,
            `client_cert_key=${options.tls.keyFile}`,
            'verify_server_certs=1',
            'verify_server_cn=1',
        ];
    return [
        '[sip]',
        `sip_port=${options.port}`,
        `sip_tcp_port=${options.port}`,
        ...tls,
        `bind_address=${isIpv6 ? 'fd99::1' : '10.99.0.1'}`,
        `use_ipv6=${isIpv6 ? 1 : 0}`,
        // It takes a network without a default route for none.
        'auto_net_state_mon=0',
        'guess_hostname=0',
        `contact="${options.name}" <sip:${options.user}@${host}>`,
        '[misc]',
        'version_check_url_root=',
        '[video]',
        'enabled=0',
        'capture=0',
        'display=0',
        'automatically_initiate=0',
        'automatically_accept=0',
        '',
    ].join('\n');
}
/** The log gives the number of bytes of each message, and the message from the next line on. */
function readTrace(log) {
    const pattern = /message sent to \[[^\]]*\], size: \[(\d+)\] bytes\n|received \[(\d+)\] new bytes from \[[^\n]*\n/g;
    return [...log.matchAll(pattern)].flatMap((match) => {
        const start = match.index + match[0].length;
        return readAllTraced(log.slice(start, start + Number(match[1] ?? match[2])));
    });
}
