import { defineOperation } from '../operation.ts';
import { jsonReply } from '../problem.ts';
import { healthSchema, healthToWire } from '../wire/admin.ts';

function healthReplies(good: string, bad: string) {
  const reply = { mediaType: 'application/json', schema: healthSchema };
  const check = { name: 'database', ok: true, detail: 'answers' };
  return [
    { ...reply, status: 200, description: good, example: { status: 'ok', checks: [check] } },
    {
      ...reply,
      status: 503,
      description: bad,
      example: { status: 'failing', checks: [{ ...check, ok: false, detail: 'no answer within 500 ms' }] },
    },
  ];
}

/** Whether the process should be left alone or restarted. */
export const readLiveness = defineOperation({
  id: 'readLiveness',
  method: 'get',
  path: '/livez',
  tag: 'Monitoring',
  summary: 'Is the server alive? 503 asks for a restart.',
  access: 'open',
  replies: healthReplies('It is alive.', 'It should be restarted.'),
  problems: [],
  handle({ ports }) {
    const health = ports.health();
    return jsonReply(health.live ? 200 : 503, healthToWire(health.live, health));
  },
});

/** Whether traffic should come here. */
export const readReadiness = defineOperation({
  id: 'readReadiness',
  method: 'get',
  path: '/readyz',
  tag: 'Monitoring',
  summary:
    'Does the server take calls? 503 asks that traffic goes elsewhere. `degraded` says that calls get through, though not as well as they should; the checks say why.',
  access: 'open',
  replies: healthReplies('It takes calls.', 'It does not take calls.'),
  problems: [],
  handle({ ports }) {
    const health = ports.health();
    return jsonReply(health.ready ? 200 : 503, healthToWire(health.ready, health));
  },
});

/** Counts since the start, for Prometheus. */
export const readCounters = defineOperation({
  id: 'readCounters',
  method: 'get',
  path: '/metrics',
  tag: 'Monitoring',
  summary: 'Counts since the start, in the text format of Prometheus.',
  access: 'key',
  replies: [{ status: 200, description: 'One line a count.', mediaType: metricsMediaType() }],
  problems: [],
  handle({ ports }) {
    const lines = Object.entries(ports.counters?.() ?? {}).map(
      ([name, value]) => `${name.replaceAll(/[^a-zA-Z0-9_:]/g, '_')} ${value}\n`,
    );
    return { kind: 'reply', status: 200, contentType: metricsMediaType(), body: lines.join('') };
  },
});

function metricsMediaType(): string {
  return 'text/plain; version=0.0.4; charset=utf-8';
}
