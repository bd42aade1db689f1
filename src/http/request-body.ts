import type { IncomingMessage } from 'node:http';
import { bodyChunks, readAll } from './body.ts';
import type { HttpLimits } from './limits.ts';
import { formMediaType, readForm } from './multipart.ts';
import type { BodySpec, RequestBody } from './operation.ts';
import { ProblemError, problem } from './problem.ts';

/** A mapping file of every field of every layer, with its values, is well below it. */
const formFieldBytesMax = 4_194_304;

/** Reads a request's body as its operation takes it, by its Content-Type. Rejects with ProblemError. */
export async function readRequestBody(
  request: IncomingMessage,
  spec: BodySpec | undefined,
  limits: HttpLimits,
): Promise<RequestBody> {
  if (spec === undefined) return { kind: 'none' };
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const { bodyBytesMax, uploadBytesMax, bodyIdleMs: idleMs } = limits;
  const { upload } = spec;
  const chunks = () => bodyChunks(request, { bytesMax: uploadBytesMax, idleMs, isGzipTaken: true });
  if (upload?.mediaTypes.includes(mediaType) || upload?.binaryMediaTypes?.includes(mediaType)) {
    return { kind: 'upload', chunks: chunks() };
  }
  if (upload?.formFields !== undefined && mediaType === formMediaType) {
    const form = await readForm(chunks(), request.headers['content-type'] ?? '', {
      fieldBytesMax: formFieldBytesMax,
    });
    return { kind: 'upload', ...form };
  }
  const isJson = spec.json !== undefined && mediaType === 'application/json';
  if (!isJson && !spec.document?.mediaTypes.includes(mediaType)) throw wrongType(mediaType, spec);
  const bytes = await readAll(bodyChunks(request, { bytesMax: bodyBytesMax, idleMs, isGzipTaken: false }));
  return isJson ? { kind: 'json', value: parseJson(bytes) } : { kind: 'document', bytes };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    const why = thrown instanceof SyntaxError ? thrown.message : 'it is not UTF-8';
    throw new ProblemError(problem('http.badJson', `the body is not JSON: ${why}`));
  }
}

function wrongType(mediaType: string, spec: BodySpec): ProblemError {
  const taken = [
    ...(spec.json === undefined ? [] : ['application/json']),
    ...(spec.document?.mediaTypes ?? []),
    ...(spec.upload?.mediaTypes ?? []),
    ...(spec.upload?.binaryMediaTypes ?? []),
    ...(spec.upload?.formFields === undefined ? [] : [formMediaType]),
  ].join(', ');
  const given = mediaType === '' ? 'no Content-Type came' : `Content-Type ${mediaType} is not taken here`;
  // RFC 9110 §15.5.16: the answer can name what is taken by Accept.
  return new ProblemError(
    problem('http.unsupportedMediaType', `${given}; send one of ${taken}`, { headers: { Accept: taken } }),
  );
}
