import { request as httpsRequest } from 'node:https';
import { expect } from 'vitest';
import { defaultLostAnswerLimits, type LostAnswer, readLostAnswer } from '../../src/lost/index.ts';
import { type LostGrammar, lostErrorsBy } from '../support/lost-schema.ts';
import type { MadeCertificate } from '../support/net-tls.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../support/server-process.ts';
import { api, shownKey } from './api.ts';

// LoST servers as processes of their own, and a LoST client that writes its questions by hand.

/** A boundary that is a box in longitude and latitude. */
export interface BoxBoundary {
  readonly id: string;
  readonly box: readonly [west: number, south: number, east: number, north: number];
  readonly urn?: string;
  readonly uri: string;
  readonly expire?: string;
  readonly country?: string;
  readonly a1?: string;
  readonly a3?: string;
}

export interface LostProcess {
  readonly server: ServerProcess;
  readonly key: string;
  stop(): Promise<void>;
}

/** Starts a server over these boundaries, with a plain HTTP listener for LoST at a port that others can be told before. */
export async function startLostServer(
  boundaries: readonly BoxBoundary[],
  options: ServerOptions,
): Promise<LostProcess> {
  const config = { ...options.config, demo: { ...options.config?.['demo'], data: false } };
  const server = await startServer({ ...options, config });
  const key = shownKey(server)?.key ?? '';
  if (boundaries.length > 0) await load(server, key, boundaries);
  return {
    server,
    key,
    stop: async () => {
      await server.stop();
      server.remove();
    },
  };
}

async function load(server: ServerProcess, key: string, boundaries: readonly BoxBoundary[]): Promise<void> {
  const body = JSON.stringify({ type: 'FeatureCollection', features: boundaries.map(feature) });
  const loaded = await api<{ readonly dataset: { readonly id: number } }>(
    server,
    key,
    '/api/v1/datasets?name=boxes',
    {
      body,
      contentType: 'application/geo+json',
    },
  );
  if (loaded.status !== 201) throw new Error(`the boxes were not loaded: ${loaded.status} ${loaded.text}`);
  const path = `/api/v1/datasets/${loaded.json.dataset.id}/activate?unchecked=true`;
  const active = await api(server, key, path, { method: 'POST' });
  if (active.status !== 200) throw new Error(`the boxes were not activated: ${active.status} ${active.text}`);
}

function feature({ id, box: [west, south, east, north], urn, uri, ...more }: BoxBoundary): unknown {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return {
    type: 'Feature',
    properties: { id, name: `Name of ${id}`, uri, urn: urn ?? 'urn:service:sos', ...more },
    geometry: { type: 'Polygon', coordinates: [ring] },
  };
}

/** A question for a place, as a client would write it. */
export function findServiceAt(
  [lon, lat]: readonly [number, number],
  more: { readonly service?: string; readonly attributes?: string; readonly path?: readonly string[] } = {},
): string {
  const { service = 'urn:service:sos', attributes = 'recursive="true"', path = [] } = more;
  const vias = path.map((source) => `<via source="${source}"/>`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<findService xmlns="urn:ietf:params:xml:ns:lost1" xmlns:gml="http://www.opengis.net/gml" ${attributes}>
  <location id="loc-1" profile="geodetic-2d">
    <gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${lat} ${lon}</gml:pos></gml:Point>
  </location>
  <service>${service}</service>${vias === '' ? '' : `<path>${vias}</path>`}
</findService>`;
}

export interface LostReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Sends a document to a plain listener; the reply as it came. */
export async function post(
  port: number,
  body: string,
  options: { readonly path?: string; readonly contentType?: string; readonly token?: string } = {},
): Promise<LostReply> {
  const response = await fetch(`http://127.0.0.1:${port}${options.path ?? '/lost'}`, {
    method: 'POST',
    headers: {
      'content-type': options.contentType ?? 'application/lost+xml',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    },
    body,
  });
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

/** Sends a document over TLS, with a certificate or none. Rejects where no TLS session comes about. */
export function postTls(
  port: number,
  body: string,
  tls: { readonly ca: string; readonly certificate?: MadeCertificate },
): Promise<LostReply> {
  const { ca, certificate } = tls;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path: '/lost',
        method: 'POST',
        ca,
        headers: { 'content-type': 'application/lost+xml', 'content-length': Buffer.byteLength(body) },
        agent: false,
        ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The answer of a reply, which must be LoST and valid by the schema. */
export function lostAnswer(reply: LostReply, grammar: LostGrammar = 'published'): LostAnswer {
  expect(reply.status, reply.text).toBe(200);
  expect(reply.contentType).toMatch(/^application\/lost(sync)?\+xml$/);
  expect(lostErrorsBy(grammar, reply.text), reply.text).toEqual([]);
  const read = readLostAnswer(Buffer.from(reply.text), defaultLostAnswerLimits);
  if (!read.ok) throw new Error(`${read.error.message}\n${reply.text}`);
  return read.value;
}

/** What matters of an answer: URIs and the way, or the error, or where to go. */
export function said(answer: LostAnswer): unknown {
  switch (answer.kind) {
    case 'findServiceResponse':
      return {
        uris: answer.mappings.flatMap(({ uris }) => uris),
        path: answer.path.map(({ source }) => source),
      };
    case 'errors':
      return { errors: answer.exceptions.map(({ type }) => type), source: answer.source };
    case 'redirect':
      return { redirect: answer.target, source: answer.source };
    default:
      return answer.kind;
  }
}
