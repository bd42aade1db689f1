import { describe, expect, it } from 'vitest';
import { defaultBodyLimits } from '../../src/sip/body/index.ts';
import {
  addPart,
  type ProxyTarget,
  readBody,
  type SipRequest,
  type TargetAddition,
} from '../../src/sip/index.ts';
import { headerValues } from '../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';

const sdp = 'v=0\r\ns=-\r\n';
const bytes = Buffer.from('<presence/>');

function addition(request: SipRequest, more: Partial<TargetAddition> = {}): TargetAddition {
  const body = addPart(request, { headers: [['Content-Type', 'application/pidf+xml']], bytes });
  if (!body.ok) throw new Error(body.error);
  return {
    edits: [{ kind: 'add', name: 'Geolocation', value: '<cid:ours@esrp.example>' }],
    body: body.value,
    refusedBy: [415, 424],
    concealed: ['Geolocation-Error'],
    ...more,
  };
}

/** A call to a first target with an addition and a second without. */
function call(more: Partial<TargetAddition> = {}, headers: readonly string[] = []) {
  const harness = new ProxyHarness();
  harness.mayDo = (violation) => violation.startsWith('Geolocation-Error: 1 removed');
  harness.decide = (request) => {
    const first: Partial<ProxyTarget> = { routeUri: 'sip:198.51.100.2', addition: addition(request, more) };
    return forwardTo([first, 'sip:198.51.100.3'], { isEmergency: true });
  };
  const caller = harness.peer('203.0.113.1', 5080);
  const [psap, other] = [harness.peer('198.51.100.2'), harness.peer('198.51.100.3')];
  const invite = caller.request({ body: sdp, headers: ['Content-Type: application/sdp', ...headers] });
  const requests = (peer: typeof psap) =>
    peer.inbox.filter((each): each is SipRequest => each.kind === 'request' && each.method === 'INVITE');
  const answers = () => caller.inbox.flatMap((each) => (each.kind === 'response' ? [each.statusCode] : []));
  return { harness, caller, psap, other, invite, requests, answers };
}

describe('RFC 3261 §16.6 (5): what one target gets and the others do not', () => {
  it('has the part and its header, and the other has the message as it came', () => {
    const { harness, psap, other, requests, caller, invite } = call();
    const [first] = requests(psap);
    if (first === undefined) throw new Error('no INVITE');
    const tree = readBody(first, defaultBodyLimits);
    expect(tree.root.parts.map((part) => part.mediaType.type)).toEqual([
      'application/sdp',
      'application/pidf+xml',
    ]);
    expect(tree.root.parts[0]?.bytes.toString()).toBe(sdp);
    expect(headerValues(first, 'geolocation')).toEqual(['<cid:ours@esrp.example>']);
    expect(headerValues(first, 'content-length')).toEqual([String(first.body.length)]);
    psap.respond(first, 486);
    const [second] = requests(other);
    expect(second?.body.toString()).toBe(sdp);
    expect(second?.head).not.toMatch(/Geolocation|multipart/);
    if (second !== undefined) other.respond(second, 486);
    const last = caller.inbox.at(-1);
    if (last?.kind === 'response') caller.ackRefusal(invite, last);
    expect(harness.drain()).toEqual(nothingOpen);
  });

  it('stands before the value that came with the call', () => {
    const { psap, requests } = call({}, ['Geolocation: <https://lis.example/1>;x=1']);
    const [first] = requests(psap);
    expect(first && headerValues(first, 'geolocation')).toEqual([
      '<cid:ours@esrp.example>',
      '<https://lis.example/1>;x=1',
    ]);
  });
});

describe('RFC 6442 §4.3 424 (Bad Location Information)', () => {
  it.each([424, 415])(
    'a %i for what was added: the same target once more without it, then it answers',
    (status) => {
      const { harness, psap, other, requests, answers } = call();
      const [first] = requests(psap);
      if (first !== undefined) psap.respond(first, status, { headers: [['Geolocation-Error', '100']] });
      const again = requests(psap)[1];
      expect(again?.body.toString()).toBe(sdp);
      expect(again?.head).not.toMatch(/Geolocation|multipart/);
      if (again !== undefined) psap.respond(again, 200);
      expect(answers()).toEqual([100, 200]);
      expect(other.inbox).toEqual([]);
      expect(harness.eventsOf('attempt').map(({ label }) => label)).toEqual(['target1', 'target1']);
      expect(harness.eventsOf('attemptEnded').map(({ statusCode }) => statusCode)).toEqual([status, 200]);
    },
  );

  it('refused again without it: the next target, and no more than two attempts at the first', () => {
    const { psap, other, requests, answers } = call();
    for (let index = 0; index < 2; index += 1) {
      const request = requests(psap)[index];
      if (request !== undefined) psap.respond(request, 424, { toTag: `t${index}` });
    }
    expect(requests(psap)).toHaveLength(2);
    const [next] = requests(other);
    if (next !== undefined) other.respond(next, 200);
    expect(answers()).toEqual([100, 200]);
  });

  it('is never what the caller gets, whatever the others answer', () => {
    const { psap, other, requests, answers } = call();
    const [first] = requests(psap);
    if (first !== undefined) psap.respond(first, 424);
    const again = requests(psap)[1];
    if (again !== undefined) psap.respond(again, 480, { toTag: 'again' });
    const [next] = requests(other);
    if (next !== undefined) other.respond(next, 486);
    expect(answers()).toEqual([100, 480]);
  });

  it('a caller who gave up meanwhile gets his 487', () => {
    const { harness, caller, psap, invite, requests, answers } = call();
    const [first] = requests(psap);
    if (first !== undefined) psap.respond(first, 180);
    caller.cancel(invite);
    if (first !== undefined) psap.respond(first, 424);
    expect(answers()).toEqual([100, 180, 200, 487]);
    expect(requests(psap)).toHaveLength(1);
    const last = caller.inbox.at(-1);
    if (last?.kind === 'response') caller.ackRefusal(invite, last);
    expect(harness.drain()).toEqual(nothingOpen);
  });

  it('any other refusal goes the way of every refusal', () => {
    const { psap, other, requests } = call();
    const [first] = requests(psap);
    if (first !== undefined) psap.respond(first, 603);
    expect(requests(psap)).toHaveLength(1);
    expect(requests(other)).toHaveLength(1);
  });
});

describe('RFC 6442 §4.4 The Geolocation-Error Header Field', () => {
  const error = [['Geolocation-Error', '100;code="Cannot Process Location"']] as const;
  const passed = (more: Partial<TargetAddition>) => {
    const { caller, psap, requests } = call(more);
    const [first] = requests(psap);
    if (first === undefined) throw new Error('no INVITE');
    psap.respond(first, 180, { headers: error });
    psap.respond(first, 200, { headers: [...error, ['X-Other', 'kept']] });
    return caller.inbox.filter((each) => each.kind === 'response' && each.statusCode > 100);
  };

  it('about what was added does not go up; nothing else is taken out', () => {
    const responses = passed({});
    expect(responses.map(({ head }) => head.includes('Geolocation-Error'))).toEqual([false, false]);
    expect(responses[1]?.head).toContain('X-Other: kept\r\n');
  });
  it('about the caller’s own location goes up', () => {
    expect(passed({ concealed: [] }).map(({ head }) => head.includes('Geolocation-Error: 100'))).toEqual([
      true,
      true,
    ]);
  });
});

describe('an addition that would break a message', () => {
  it.each<[string, Partial<TargetAddition>]>([
    ['a line break in an edit', { edits: [{ kind: 'add', name: 'X', value: 'a\r\nb' }] }],
    ['a line break in the Content-Type', { body: { contentType: 'a/b\r\nX: y', removed: [], bytes } }],
  ])('%s: it is left out whole and the call goes on', (_name, more) => {
    const { harness, psap, requests } = call(more);
    expect(requests(psap)[0]?.body.toString()).toBe(sdp);
    expect(requests(psap)[0]?.head).not.toMatch(/Geolocation|multipart/);
    expect(harness.eventsOf('discarded').map(({ detail }) => detail)).toEqual(['a target']);
  });
});
