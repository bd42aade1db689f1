import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { describeInNamespace, namespaceAddress } from '../support/namespace.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { pointInfo } from '../system/emergency.ts';
import { startBaresip } from './peers/baresip.ts';
import { sippCaller } from './peers/sipp.ts';
import type { Phone } from './phone.ts';
import { describeCaller, describePsap } from './phone-suite.ts';
import { hostPort, openStage, type Stage, sideName } from './stage.ts';

// baresip dials `sip:sos@…`, `sip:911@…` and a URN inside of a SIP URI. As a PSAP it takes the Request-URIs of its own
// user part alone, so its calls come over an ingress that keeps what was dialled; and it cannot read a session description
// in a multipart, so these calls carry no location, and it is the ingress's default route.

const sides = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  (['udp', 'tcp', 'tls'] as const).map((transport) => ({ transport, family })),
);

const ingressOf = ({ transport, family }: (typeof sides)[number]) => `${transport}-${family}`;

describeInNamespace('baresip', () => {
  let stage: Stage;
  let authority: Authority;
  let caller: Phone;
  let psap: Phone;
  let sippPort = 0;

  beforeAll(async () => {
    const [callerPort = 0, psapPort = 0, psapUdpPort = 0] = await freePorts(3);
    sippPort = psapUdpPort;
    const psapUri = ({ transport, family }: (typeof sides)[number]) =>
      `sip:sos@${hostPort(family, psapPort + (transport === 'tls' ? 1 : 0))};transport=${transport}`;
    const psapIngresses = sides.map((side) => [
      ingressOf(side),
      { keepDialString: true, defaultRouteUri: psapUri(side) },
    ]);
    authority = await makeAuthority();
    const made = await authority.issue({
      altNames: Object.values(namespaceAddress).map((address) => `IP:${address}`),
    });
    const certificateFile = join(authority.folder, 'baresip.pem');
    writeFileSync(certificateFile, `${made.cert}\n${made.key}`);
    const tls = { certificateFile, caFile: authority.caFile };
    [stage, caller, psap] = await Promise.all([
      openStage({
        ingresses: {
          phones: { defaultRouteUri: `sip:psap@${hostPort('ipv4', sippPort)}` },
          carrier: { keepDialString: true },
          replacing: {},
          ...Object.fromEntries(psapIngresses),
        },
        secure: { transports: ['tls'], authority },
        psaps: { baresip: `sip:sos@${hostPort('ipv4', psapPort)}` },
      }),
      startBaresip({ name: 'caller', user: 'caller', port: callerPort, tls }),
      startBaresip({ name: 'psap', user: 'sos', port: psapPort, tls }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([caller?.stop(), psap?.stop(), stage?.close()]);
    authority?.remove();
  });

  for (const { transport, family } of sides) {
    describeCaller(`over ${sideName({ transport, family })}`, {
      stage: () => stage,
      phone: () => caller,
      dialled: () => stage.uri('sos', 'phones', transport, family),
      psapPort: () => sippPort,
      rule: 'sosUser',
    });
  }

  describeCaller('with 911', {
    stage: () => stage,
    phone: () => caller,
    dialled: () => stage.uri('911', 'phones'),
    psapPort: () => sippPort,
    rule: 'dialString',
  });

  describeCaller('with a service URN inside of a SIP URI', {
    stage: () => stage,
    phone: () => caller,
    dialled: () => stage.uri('urn:service:sos', 'phones'),
    psapPort: () => sippPort,
    rule: 'serviceUrnInSipUri',
  });

  for (const side of sides) {
    describePsap('baresip', {
      stage: () => stage,
      phone: () => psap,
      ingress: ingressOf(side),
      requestUri: () => stage.uri('sos', ingressOf(side)),
      side,
      refusal: 486,
    });
  }

  it.each([
    ['a body of several parts', 'sos', 'carrier', 500],
    ['a service URN as the Request-URI', 'sos', 'replacing', 404],
  ])(
    'refuses %s as a PSAP, and the call goes to the default route',
    async (_what, user, ingress, statusCode) => {
      const call = await sippCaller(
        stage.address(ingress),
        { requestUri: stage.uri(user, ingress), locationInfo: pointInfo(stage.place('baresip')) },
        'hangsUp',
        { transport: 'udp' },
      );
      await call.done();
      const record = await stage.record(call.callId(), 'ended');
      expect(record.attempts.map((attempt) => attempt.statusCode)).toEqual([statusCode, 200]);
    },
  );
}, ['sipp', 'baresip']);
