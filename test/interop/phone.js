/** The events of a phone in order, as they are awaited. */
export class PhoneEvents {
    #waiting = [];
    #seen = [];
    #describe;
    #wake = () => undefined;
    /** `describe` tells what the phone printed, for the message of a failing test. */
    constructor(describe) {
        this.#describe = describe;
    }
    put(event) {
        this.#waiting.push(event);
        this.#seen.push(event);
        this.#wake();
    }
    async next(kind, timeoutMs = 8_000) {
        const deadline = performance.now() + timeoutMs;
        for (;;) {
            for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift())
                if (event.kind === kind)
                    return event;
            const leftMs = deadline - performance.now();
            if (leftMs <= 0) {
                const seen = this.#seen.map((event) => `${event.kind} (${event.detail})`).join(', ');
                throw new Error(`not ${kind} within ${timeoutMs} ms; seen: ${seen || 'nothing'}\n${this.#describe()}`);
            }
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, leftMs);
                this.#wake = () => {
                    clearTimeout(timer);
                    resolve();
                };
            });
        }
    }
}
