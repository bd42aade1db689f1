import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { describeInNamespace, namespaceAddress, namespaceHosts } from '../support/namespace.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { pointInfo } from '../system/emergency.ts';
import { expectSameMedia } from './media.ts';
import { startBaresip } from './peers/baresip.ts';
import { startLinphone } from './peers/linphone.ts';
import { sippCaller } from './peers/sipp.ts';
import type { Phone } from './phone.ts';
import { describeCaller, describePsap, lastCallId } from './phone-suite.ts';
import { type Family, hopsOf, hostPort, lastResort, openStage, type Stage, sideName } from './stage.ts';

// linphone takes a service URN as the Request-URI, and a session description in a multipart: its PSAP stands behind the
// server as a real one would, with the caller's location in the call. It stands on one family at a time.

const families: readonly Family[] = ['ipv4', 'ipv6'];
const sides = families.flatMap((family) =>
  (['udp', 'tcp'] as const).map((transport) => ({ transport, family })),
);
/** Its TLS knows certificates of names only, and the namespace has names on IPv4. */
const overTls = { transport: 'tls', family: 'ipv4' } as const;

describeInNamespace('linphone', () => {
  let stage: Stage;
  let authority: Authority;
  let baresip: Phone;
  const callers = new Map<Family, Phone>();
  const psaps = new Map<Family, Phone>();
  let sippPort = 0;

  beforeAll(async () => {
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, baresipPort = 0] = await freePorts(6);
    sippPort = first;
    const callerPorts = { ipv4: second, ipv6: third };
    const psapPorts = { ipv4: fourth, ipv6: fifth };
    authority = await makeAuthority();
    const { phone: phoneHost, psap: psapHost, firstline } = namespaceHosts;
    const made = await authority.issue({ altNames: [`DNS:${phoneHost}`, `DNS:${psapHost}`] });
    const tls = { ...made, caFile: authority.caFile };
    const start = async (family: Family) => {
      const [caller, psap] = await Promise.all([
        startLinphone({ name: `caller-${family}`, user: 'caller', port: callerPorts[family], family, tls }),
        startLinphone({ name: `psap-${family}`, user: 'psap', port: psapPorts[family], family, tls }),
      ]);
      callers.set(family, caller);
      psaps.set(family, psap);
    };
    [stage] = await Promise.all([
      openStage({
        ingresses: {
          phones: { defaultRouteUri: `sip:psap@${hostPort('ipv4', sippPort)}` },
          carrier: {},
          'to-linphone': {
            defaultRouteUri: `sip:psap@${hostPort('ipv6', psapPorts.ipv6)};transport=tcp`,
          },
          'to-baresip': {
            keepDialString: true,
            defaultRouteUri: `sip:sos@${hostPort('ipv6', baresipPort)};transport=tcp`,
          },
        },
        secure: { transports: ['tls'], authority },
        announcedHosts: { phones: firstline, carrier: firstline },
        psaps: {
          ...Object.fromEntries(
            sides.map((side) => [
              sideName(side),
              `sip:psap@${hostPort(side.family, psapPorts[side.family])};transport=${side.transport}`,
            ]),
          ),
          [sideName(overTls)]: `sip:psap@${psapHost}:${psapPorts.ipv4 + 1};transport=tls`,
        },
      }),
      ...families.map(start),
    ]);
    baresip = await startBaresip({ name: 'baresip', user: 'sos', port: baresipPort });
  });

  afterAll(async () => {
    const peers = [...callers.values(), ...psaps.values(), ...(baresip === undefined ? [] : [baresip])];
    await Promise.all(peers.map((peer) => peer.stop()));
    await stage?.close();
    authority?.remove();
  });

  const phone = (phones: ReadonlyMap<Family, Phone>, family: Family) => () => {
    const found = phones.get(family);
    if (found === undefined) throw new Error(`no linphone on ${family}`);
    return found;
  };

  for (const { transport, family } of sides) {
    describeCaller(`over ${sideName({ transport, family })}`, {
      stage: () => stage,
      phone: phone(callers, family),
      dialled: () => stage.uri('sos', 'phones', transport, family),
      psapPort: () => sippPort,
      rule: 'sosUser',
    });
  }

  describeCaller(`over ${sideName(overTls)}`, {
    stage: () => stage,
    phone: phone(callers, 'ipv4'),
    dialled: () => stage.uri('sos', 'phones', 'tls').replace(namespaceAddress.ipv4, namespaceHosts.firstline),
    psapPort: () => sippPort,
    rule: 'sosUser',
  });

  describeCaller('with 911', {
    stage: () => stage,
    phone: phone(callers, 'ipv4'),
    dialled: () => stage.uri('911', 'phones'),
    psapPort: () => sippPort,
    rule: 'dialString',
  });

  describeCaller('with a service URN inside of a SIP URI', {
    stage: () => stage,
    phone: phone(callers, 'ipv4'),
    dialled: () => stage.uri('urn%3aservice%3asos', 'phones'),
    psapPort: () => sippPort,
    rule: 'serviceUrnInSipUri',
  });

  for (const side of sides) {
    describePsap('linphone', {
      stage: () => stage,
      phone: phone(psaps, side.family),
      boundary: sideName(side),
      ingress: 'carrier',
      requestUri: () => 'urn:service:sos',
      side,
      refusal: 603,
      // It takes quotation marks for a part of the boundary, and finds the parts only where that begins with hyphens.
      multipartBoundary: '---frontier',
    });
  }

  it.each([
    ['linphone calls baresip', () => phone(callers, 'ipv4')(), () => baresip, 'to-baresip'],
    ['baresip calls linphone', () => baresip, () => phone(psaps, 'ipv6')(), 'to-linphone'],
  ])('%s, from UDP on IPv4 to TCP on IPv6, media and all', async (_who, callerOf, psapOf, ingress) => {
    const [caller, psap] = [callerOf(), psapOf()];
    await caller.dial(stage.uri('sos', ingress));
    await psap.next('incoming');
    await psap.answer();
    await Promise.all([caller.next('answered'), psap.next('answered')]);
    expectSameMedia(caller.messages(), psap.messages());
    await psap.hangUp();
    await Promise.all([caller.next('ended'), psap.next('ended')]);
    expect(hopsOf(await stage.record(lastCallId(caller), 'ended'))).toEqual(['tcp 200']);
  });

  it('does not take TLS connections as a PSAP, and the call goes to the default route', async () => {
    const call = await sippCaller(
      stage.address('carrier'),
      { requestUri: 'urn:service:sos', locationInfo: pointInfo(stage.place(sideName(overTls))) },
      'hangsUp',
      { transport: 'udp' },
    );
    await call.done();
    const record = await stage.record(call.callId(), 'ended');
    expect(hopsOf(record).at(-1)).toBe('udp 200');
    expect(record.attempts.at(-1)?.target).toBe(lastResort(stage.server.psapPort));
  });
}, ['sipp', 'baresip', 'linphone-daemon']);
