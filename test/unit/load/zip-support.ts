import { fromBufferPromise } from 'yauzl';
import yazl from 'yazl';

/** Packs files into a zip file, by name. */
export async function zipWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream as unknown as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** The files of a zip file. */
export async function unzipped(bytes: Buffer): Promise<Record<string, Buffer>> {
  const zip = await fromBufferPromise(bytes, { lazyEntries: true });
  const files: Record<string, Buffer> = {};
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
    files[entry.fileName] = Buffer.concat(parts);
  }
  return files;
}

/** A zip file with each of its files changed, or left out where nothing comes back. */
export async function zipOf(
  bytes: Buffer,
  change: (name: string, content: Buffer) => Uint8Array | undefined,
): Promise<Buffer> {
  const changed = Object.entries(await unzipped(bytes)).flatMap(([name, content]) => {
    const made = change(name, content);
    return made === undefined ? [] : [[name, made] as const];
  });
  return await zipWith(Object.fromEntries(changed));
}
