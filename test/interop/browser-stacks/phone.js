import { fileURLToPath } from 'node:url';
import { startChild } from '../child.js';
import { PhoneEvents } from '../phone.js';
import { readTraced } from '../trace.js';
const kinds = ['incoming', 'ringing', 'answered', 'ended'];
const connectTimeoutMs = 10_000;
/** Starts one in a process of its own, since both stacks want a browser's globals, and waits until it is connected. */
export async function startBrowserPhone(options) {
    const { stack, user, server, caFile } = options;
    const program = fileURLToPath(new URL(`${stack}.mjs`, import.meta.url));
    const authority = caFile === undefined ? [] : ['--ca', caFile];
    const messages = [];
    const events = new PhoneEvents(() => child.tail());
    let rest = '';
    let onContact = () => undefined;
    const take = (said) => {
        const { event = '', detail = '', text = '', contact } = said;
        const message = event === 'message' ? readTraced(text) : undefined;
        if (message !== undefined)
            messages.push(message);
        if (contact !== undefined)
            onContact(contact);
        const kind = kinds.find((each) => each === event);
        if (kind !== undefined)
            events.put({ kind, detail });
    };
    const child = startChild(process.execPath, [program, '--server', server, '--user', user, ...authority], {
        cwd: process.cwd(),
        onOutput: (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines)
                if (line.startsWith('{'))
                    take(JSON.parse(line));
        },
    });
    const order = async (command) => {
        child.process.stdin.write(`${JSON.stringify(command)}\n`);
    };
    const contact = await new Promise((resolve, reject) => {
        onContact = resolve;
        setTimeout(() => reject(new Error(`${stack} did not connect\n${child.tail()}`)), connectTimeoutMs).unref();
    });
    return {
        name: stack,
        contact,
        dial: (uri, parts = {}) => order({ do: 'dial', uri, ...parts }),
        answer: () => order({ do: 'answer' }),
        refuse: () => order({ do: 'refuse' }),
        hangUp: () => order({ do: 'hangUp' }),
        next: (kind, timeoutMs) => events.next(kind, timeoutMs),
        messages: () => messages,
        async stop() {
            child.process.stdin.end();
            await child.stop();
        },
    };
}
