import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../support/free-ports.ts';
import { describeInNamespace } from '../../support/namespace.ts';
import { type Authority, makeAuthority } from '../../support/net-tls.ts';
import { sippPsap } from '../peers/sipp.ts';
import type { Phone } from '../phone.ts';
import { describeCaller, lastCallId } from '../phone-suite.ts';
import { hostPort, openStage, type Stage } from '../stage.ts';
import { type BrowserPhone, startBrowserPhone } from './phone.ts';

// JsSIP and SIP.js call through the whole server, by ws and by wss, from a page whose origin the listener knows. Neither
// can dial a URN, so they dial `sip:sos@…` and `sip:911@…`. Both can say where they are. What a browser sends is larger than
// 1,300 bytes and would try TCP first, which the PSAPs here do not take, so that limit is out of the way.

const stacks = ['jssip', 'sipjs'] as const;
const schemes = ['ws', 'wss'] as const;

describeInNamespace('SIP stacks of browsers', () => {
  let authority: Authority;
  let stage: Stage;
  let psapPort = 0;
  let placedPort = 0;
  const phones = new Map<string, BrowserPhone>();

  const phoneOf = (stack: string, scheme: string): BrowserPhone => {
    const phone = phones.get(`${stack} ${scheme}`);
    if (phone === undefined) throw new Error(`${stack} did not start by ${scheme}`);
    return phone;
  };

  beforeAll(async () => {
    authority = await makeAuthority();
    [psapPort = 0, placedPort = 0] = await freePorts(2);
    stage = await openStage({
      ingresses: { browsers: { defaultRouteUri: `sip:psap@${hostPort('ipv4', psapPort)}` } },
      psaps: { placed: `sip:placed@${hostPort('ipv4', placedPort)}` },
      secure: { transports: ['ws', 'wss'], authority },
    });
    for (const stack of stacks) {
      for (const scheme of schemes) {
        const server = `${scheme}://${stage.address('browsers', scheme)}`;
        const phone = await startBrowserPhone({ stack, user: 'alice', server, caFile: authority.caFile });
        phones.set(`${stack} ${scheme}`, phone);
      }
    }
  });

  afterAll(async () => {
    await Promise.all([...phones.values()].map((phone) => phone.stop()));
    await stage?.close();
    authority?.remove();
  });

  for (const stack of stacks) {
    for (const scheme of schemes) {
      describeCaller(`${stack} by ${scheme}`, {
        stage: () => stage,
        phone: (): Phone => phoneOf(stack, scheme),
        dialled: () => 'sip:sos@example.com',
        psapPort: () => psapPort,
        rule: 'sosUser',
      });
    }

    describe(`${stack} with a location`, () => {
      it.each([
        ['sip:sos@example.com', 'sosUser'],
        ['sip:911@example.com', 'dialString'],
      ])('%s reaches the PSAP of its place', async (uri, rule) => {
        const phone = phoneOf(stack, 'wss');
        const psap = await sippPsap(placedPort, 'isHungUpOn', { transport: 'udp', family: 'ipv4' });
        await phone.dial(uri, { place: stage.place('placed') });
        await phone.next('answered');
        await phone.hangUp();
        await Promise.all([phone.next('ended'), psap.done()]);
        const record = await stage.record(lastCallId(phone), 'ended');
        expect(record.recognition.rule).toBe(rule);
        expect(record.mapping?.boundary?.boundaryId).toBe('placed');
        expect(record.attempts).toMatchObject([{ statusCode: 200 }]);
      });
    });
  }
}, ['sipp']);
