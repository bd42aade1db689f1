import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePorts } from '../../support/free-ports.js';
import { namespaceAddress } from '../../support/namespace.js';
import { startSipp } from '../../support/sipp.js';
import { callerScenario, psapScenario, } from '../sipp-steps.js';
import { readTraced } from '../trace.js';
/** A caller that places one call to `remote` (`address:port`). */
export async function sippCaller(remote, invite, course, where) {
    const [port = 0] = await freePorts(1);
    return runSipp(callerScenario(invite, course), port, where, remote);
}
/** A PSAP at a port that waits for one call. */
export function sippPsap(port, course, where) {
    return runSipp(psapScenario(course), port, where);
}
async function runSipp(scenario, port, where, remote) {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-scenario-'));
    const file = join(folder, 'scenario.xml');
    writeFileSync(file, scenario);
    const run = await startSipp({
        scenario: file,
        localPort: port,
        localAddress: namespaceAddress[where.family ?? 'ipv4'],
        transport: where.transport,
        calls: 1,
        isTraced: true,
        timeoutS: 20,
        ...(remote === undefined ? {} : { remote }),
    });
    const finished = run.finished.finally(() => rmSync(folder, { recursive: true, force: true }));
    const messages = () => run
        .messages()
        .map(readTraced)
        .filter((message) => message !== undefined);
    return {
        messages,
        callId: () => messages().find((message) => message.startLine.startsWith('INVITE '))?.callId ?? '',
        async done() {
            const result = await finished;
            const seen = messages().map((message) => message.startLine);
            expect(result, `${result.errors}\n${seen.join('\n')}`).toMatchObject({
                exitCode: 0,
                successful: 1,
                failed: 0,
            });
        },
    };
}
