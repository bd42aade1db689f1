import { describe, expect, it } from 'vitest';
import { serviceUrn } from '../../../src/base/index.ts';
import { readServiceUrn, serviceFamily } from '../../../src/esrp/index.ts';
import { recognise } from '../../../src/esrp/recognise.ts';
import { requestFrom, requestText, testRequest } from '../../support/emergency-messages.ts';

const rules = {
  dialStrings: new Map([
    ['911', serviceUrn('urn:service:sos')],
    ['110', serviceUrn('urn:service:sos.police')],
    ['933', serviceUrn('urn:service:test.sos')],
  ]),
  keepDialString: false,
};

interface Row {
  readonly name: string;
  readonly requestUri: string;
  readonly headers?: readonly string[];
  /** `service rule requestUri`, or `other`. */
  readonly expected: string;
}

const sos = 'urn:service:sos';
const rows: readonly Row[] = [
  { name: 'the plain service URN', requestUri: sos, expected: `${sos} serviceUrnInRequestUri ${sos}` },
  {
    name: 'a sub-service',
    requestUri: `${sos}.fire`,
    expected: `${sos}.fire serviceUrnInRequestUri ${sos}.fire`,
  },
  {
    name: 'upper case, kept as sent',
    requestUri: 'URN:Service:SOS.Fire',
    expected: `${sos}.fire serviceUrnInRequestUri URN:Service:SOS.Fire`,
  },
  {
    name: 'the URN of NENA v3',
    requestUri: 'urn:emergency:service:sos',
    expected: `${sos} serviceUrnInRequestUri urn:emergency:service:sos`,
  },
  {
    name: 'the URN of NENA v2',
    requestUri: 'urn:nena:service:sos.police',
    expected: `${sos}.police serviceUrnInRequestUri urn:nena:service:sos.police`,
  },
  {
    name: 'a hop name inside an ESInet',
    requestUri: 'urn:emergency:service:sos.level_2_esrp',
    expected: `${sos} serviceUrnInRequestUri urn:emergency:service:sos.level_2_esrp`,
  },
  {
    name: 'the misspelt plural that lost a call elsewhere',
    requestUri: 'urn:services:sos',
    expected: `${sos} serviceUrnInRequestUri ${sos}`,
  },
  {
    name: 'a test call',
    requestUri: 'urn:service:test.sos',
    expected: 'urn:service:test.sos serviceUrnInRequestUri urn:service:test.sos',
  },
  {
    name: 'a test call with a colon',
    requestUri: 'urn:service:test:sos.fire',
    expected: 'urn:service:test.sos.fire serviceUrnInRequestUri urn:service:test.sos.fire',
  },
  {
    name: 'a URN in a SIP URI',
    requestUri: 'sip:urn:service:sos@host.example',
    expected: `${sos} serviceUrnInSipUri ${sos}`,
  },
  {
    name: 'an escaped URN in a SIP URI',
    requestUri: 'sip:urn%3aservice%3Asos.fire@host.example',
    expected: `${sos}.fire serviceUrnInSipUri ${sos}.fire`,
  },
  { name: 'sos at any domain', requestUri: 'sip:sos@anything.example', expected: `${sos} sosUser ${sos}` },
  {
    name: 'sos in a sips URI',
    requestUri: 'sips:SOS.Marine@x.example;transport=tcp',
    expected: `${sos}.marine sosUser ${sos}.marine`,
  },
  {
    name: 'the older word for an ambulance',
    requestUri: 'sip:sos.rescue@x.example',
    expected: `${sos}.ambulance sosUser ${sos}.ambulance`,
  },
  {
    name: 'a test user part',
    requestUri: 'sip:test.sos@x.example',
    expected: 'urn:service:test.sos sosUser urn:service:test.sos',
  },
  {
    name: 'a dial string',
    requestUri: 'sip:911@carrier.example;user=phone',
    expected: `${sos} dialString ${sos}`,
  },
  {
    name: 'a dial string of another service',
    requestUri: 'sip:110@carrier.example',
    expected: `${sos}.police dialString ${sos}.police`,
  },
  {
    name: 'a dial string for tests',
    requestUri: 'sip:933@carrier.example',
    expected: 'urn:service:test.sos dialString urn:service:test.sos',
  },
  {
    name: 'a dial string in a tel URI',
    requestUri: 'tel:911;phone-context=+1',
    expected: `${sos} dialString ${sos}`,
  },
  {
    name: 'a dial string with separators',
    requestUri: 'tel:9-1-1;phone-context=example.net',
    expected: `${sos} dialString ${sos}`,
  },
  {
    name: 'a dial string with its context in the user part',
    requestUri: 'sip:911;phone-context=+1@carrier.example',
    expected: `${sos} dialString ${sos}`,
  },
  {
    name: 'the 2004 form',
    requestUri: 'sip:help@x.example',
    headers: ['Accept-Contact: *;service="sos.mountain"'],
    expected: `${sos}.mountain acceptContactService ${sos}.mountain`,
  },
  {
    name: 'a URN in a Route',
    requestUri: 'sip:help@x.example',
    headers: ['Route: <sip:urn%3aservice%3asos@x.example;lr>'],
    expected: `${sos} serviceUrnInRoute ${sos}`,
  },
  { name: 'a number that begins like one', requestUri: 'sip:9110@carrier.example', expected: 'other' },
  { name: 'a user who is called sosa', requestUri: 'sip:sosa@x.example', expected: 'other' },
  { name: 'another service', requestUri: 'urn:service:counseling', expected: 'other' },
  { name: 'an ordinary call', requestUri: 'sip:alice@atlanta.example', expected: 'other' },
  { name: 'a host called sos', requestUri: 'sip:sos', expected: 'other' },
];

describe('recognise', () => {
  it.each(rows)('$name', ({ requestUri, headers, expected }) => {
    const found = recognise(
      testRequest({ requestUri, ...(headers === undefined ? {} : { headers }) }),
      rules,
    );
    const text = found.kind === 'other' ? 'other' : `${found.service} ${found.rule} ${found.requestUri}`;
    expect(text).toBe(expected);
  });

  it('keeps the dial string where the ingress says so', () => {
    const found = recognise(testRequest({ requestUri: 'sip:911@x.example' }), {
      ...rules,
      keepDialString: true,
    });
    expect(found).toMatchObject({ requestUri: 'sip:911@x.example', isRequestUriReplaced: false });
  });

  it('recognises an emergency whose other headers are broken', () => {
    const request = requestFrom(requestText().replace('Max-Forwards: 70', 'Max-Forwards: seventy'));
    expect(recognise(request, rules).kind).toBe('emergency');
  });
});

describe('service URNs', () => {
  it('reads no service from what is none', () => {
    for (const text of [
      '',
      'sos',
      'urn:sos',
      'urn:service:sosa',
      'urn:service:sos..fire',
      'urn:service:sos fire',
    ]) {
      expect(readServiceUrn(text)?.service, text).toBeUndefined();
    }
  });

  it('goes from the service to its parents, each with the names of NENA data', () => {
    const family = serviceFamily(serviceUrn('urn:service:sos.police.federal'));
    expect(family[0]).toBe('urn:service:sos.police.federal');
    expect(family.indexOf(serviceUrn('urn:service:sos.police'))).toBeLessThan(
      family.indexOf(serviceUrn('urn:service:sos')),
    );
    expect(family).toContain('urn:emergency:service:sos.psap');
    expect(new Set(family).size).toBe(family.length);
  });

  it('ends the family of a test service with the real one', () => {
    const family = serviceFamily(serviceUrn('urn:service:test.sos.fire'));
    expect(family[0]).toBe('urn:service:test.sos.fire');
    expect(family.indexOf(serviceUrn('urn:service:test.sos'))).toBeLessThan(
      family.indexOf(serviceUrn('urn:service:sos.fire')),
    );
    expect(family).toContain('urn:service:sos');
  });
});
