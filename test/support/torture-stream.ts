import { connect, type Socket } from 'node:net';
import { defaultFramingLimits, StreamFramer } from '../../src/sip/framing/index.ts';
import type { SipMessage, SipResponse } from '../../src/sip/message/index.ts';
import { parsedTorture } from './torture.ts';

/** A TCP connection to a server, with what comes back on it. */
export class TortureStream {
  readonly answers: SipMessage[] = [];
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #waiting: (() => void) | undefined;

  static async open(port: number, address = '127.0.0.1'): Promise<TortureStream> {
    const socket = connect(port, address);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', resolve);
    });
    return new TortureStream(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#waiting?.();
        resolve();
      }),
    );
    const framer = new StreamFramer(defaultFramingLimits);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const item of framer.push(Buffer.from(chunk)))
        if (item.kind === 'message') this.answers.push(parsedTorture(item.bytes));
      this.#waiting?.();
    });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The answers of 200 and above. */
  get finalAnswers(): readonly SipMessage[] {
    return this.answers.filter((answer) => answer.kind === 'response' && answer.statusCode >= 200);
  }

  /** The first answer of 200 or above; undefined where the server closes without one. Fails after five seconds. */
  async finalAnswer(): Promise<SipResponse | undefined> {
    const deadline = performance.now() + 5_000;
    for (;;) {
      for (const answer of this.answers)
        if (answer.kind === 'response' && answer.statusCode >= 200) return answer;
      if (this.#socket.destroyed) return undefined;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error('no final answer');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}
