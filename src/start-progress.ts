import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import type { StartStep } from './server.ts';

/** Shows how a start goes on: a bar on a terminal, a line a step elsewhere. */
export class StartProgress {
  readonly #stream: WriteStream | NodeJS.WriteStream;
  #bar: SingleBar | undefined;
  #step = '';

  constructor(stream: WriteStream | NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(step: StartStep): void {
    if (this.#stream.isTTY !== true) {
      if (step.name !== this.#step) this.#stream.write(`firstline: ${step.name} ...\n`);
      this.#step = step.name;
      return;
    }
    if (step.name !== this.#step) {
      this.end();
      this.#step = step.name;
      this.#bar = new SingleBar(
        {
          format: '  {step} {bar} {value}/{total}',
          stream: this.#stream,
          hideCursor: true,
          clearOnComplete: true,
        },
        Presets.shades_classic,
      );
      this.#bar.start(step.total ?? 1, step.done, { step: step.name.padEnd(28) });
      return;
    }
    this.#bar?.setTotal(step.total ?? Math.max(1, step.done));
    this.#bar?.update(step.done);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#step = '';
  }
}
