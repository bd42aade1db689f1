import { parentPort, workerData } from 'node:worker_threads';
import { assert, errorText } from '../../base/index.ts';
import type { MakerJob, MakerReport, MakerRequest } from './messages.ts';
import { type DatasetVersion, SnapshotBuilder } from './snapshot.ts';
import { joinPieces, readSnapshot, writeSnapshot } from './snapshot-file.ts';

// The thread that makes one snapshot and ends: building an index, writing and checking a file take seconds that no call
// may wait for. The bytes are handed over, not copied.

assert(parentPort !== null, 'runs as a worker thread only');
const port = parentPort;
const job = workerData as MakerJob;

if (job.kind === 'load') await load(job.file);
else build(job.file);

async function load(file: string): Promise<void> {
  const read = await readSnapshot(file);
  if (read.kind === 'bytes') made(read.bytes, undefined);
  else if (read.kind === 'absent') report({ kind: 'absent' });
  else report({ kind: 'failed', reason: read.reason });
}

function build(file: string): void {
  let builder: SnapshotBuilder | undefined = new SnapshotBuilder();
  const handle = async (request: MakerRequest): Promise<void> => {
    assert(builder !== undefined, 'nothing comes after the end');
    if (request.kind === 'rows') {
      builder.addSent(request.rows);
      report({ kind: 'taken' });
      return;
    }
    const finished = builder;
    builder = undefined;
    await finish(finished, request.version, file);
  };
  port.on('message', (request: MakerRequest) => {
    handle(request).catch((error: unknown) => report({ kind: 'failed', reason: errorText(error) }));
  });
}

// Written first and read back: what is used is what the next start will find, and the pieces are let go before their
// whole is made.
async function finish(builder: SnapshotBuilder, version: DatasetVersion, file: string): Promise<void> {
  const pieces: Uint8Array[] = [...builder.finish(version)];
  try {
    await writeSnapshot(file, pieces);
  } catch (error) {
    made(joinPieces(pieces), errorText(error));
    return;
  }
  pieces.length = 0;
  const read = await readSnapshot(file);
  if (read.kind === 'bytes') made(read.bytes, undefined);
  else report({ kind: 'failed', reason: read.kind === 'absent' ? 'the file is gone' : read.reason });
}

function made(bytes: Uint8Array<ArrayBuffer>, notWritten: string | undefined): void {
  report({ kind: 'made', bytes, notWritten }, [bytes.buffer]);
}

function report(message: MakerReport, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
  if (message.kind !== 'taken') port.close();
}
