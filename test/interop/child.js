import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
/** Starts a peer. Its output is handed out line by line as it comes (`stdbuf`), for programs that keep it back in pipes. */
export function startChild(command, args, options) {
    const child = spawn('stdbuf', ['-oL', '-eL', command, ...args], {
        cwd: options.cwd,
        env: { ...process.env, ...options.environment },
        stdio: 'pipe',
    });
    let output = '';
    const collect = (chunk) => {
        output += chunk;
        options.onOutput?.(chunk);
    };
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('latin1').on('data', collect);
    // A peer that ends while it is written to is seen by its exit.
    child.stdin.on('error', () => undefined);
    const exited = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code));
    });
    return {
        process: child,
        output: () => output,
        tail: () => output.slice(-3_000),
        exited,
        async stop() {
            if (child.exitCode === null && child.signalCode === null)
                child.kill('SIGTERM');
            const forced = setTimeout(() => child.kill('SIGKILL'), 3_000);
            await exited;
            clearTimeout(forced);
        },
    };
}
/** Tries until it succeeds; fails with the last error after `timeoutMs`. */
export async function untilDone(attempt, timeoutMs = 10_000) {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
        try {
            return await attempt();
        }
        catch (thrown) {
            if (performance.now() > deadline)
                throw thrown;
            await delay(25);
        }
    }
}
