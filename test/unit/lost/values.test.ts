import { describe, expect, it } from 'vitest';
import { wallMs } from '../../../src/base/index.ts';
import { civicAddress } from '../../../src/location/index.ts';
import type { LostFault, LostLocation } from '../../../src/lost/index.ts';
import {
  chooseLocation,
  faultAnswer,
  isLostMediaType,
  isLostSource,
  lostMoment,
} from '../../../src/lost/index.ts';

const civic = civicAddress({ country: 'AT' });
if (civic === undefined) throw new Error('no address');
const usable = (id: string): LostLocation => ({ id, value: { kind: 'civic', civic } });
const unusable = (id: string, fault: LostFault): LostLocation => ({ id, value: { kind: 'unusable', fault } });
const unknown = (profile: string): LostFault => ({
  code: 'lost.profileUnrecognized',
  message: '',
  type: 'locationProfileUnrecognized',
  unsupportedProfiles: [profile],
});
const broken: LostFault = { code: 'lost.srsInvalid', message: 'broken', type: 'SRSInvalid' };

describe('chooseLocation', () => {
  it.each([
    ['the first of several', [usable('a'), usable('b')], 'a'],
    [
      'the first whose profile is read (RFC 5222 §12.1 rule 7)',
      [unusable('a', unknown('x')), usable('b')],
      'b',
    ],
    ['one that is whole before one that is broken', [unusable('a', broken), usable('b')], 'b'],
  ])('takes %s', (_name, locations, id) => {
    const chosen = chooseLocation(locations);
    expect(chosen.ok && chosen.value.id).toBe(id);
  });

  it.each([
    ['none at all', [], { code: 'lost.locationMissing', type: 'badRequest' }],
    [
      'unknown profiles, each named once',
      [unusable('a', unknown('x')), unusable('b', unknown('y')), unusable('c', unknown('x'))],
      { type: 'locationProfileUnrecognized', unsupportedProfiles: ['x', 'y'] },
    ],
    ['a broken one among unknown profiles', [unusable('a', unknown('x')), unusable('b', broken)], broken],
  ])('has a fault for %s', (_name, locations, fault) => {
    expect(chooseLocation(locations)).toMatchObject({ ok: false, error: fault });
  });
});

describe('faultAnswer', () => {
  it('says the type and the message, and who found it', () => {
    expect(faultAnswer(unknown('x'), 'ecrf.example')).toEqual({
      kind: 'errors',
      source: 'ecrf.example',
      exceptions: [{ type: 'locationProfileUnrecognized', message: '', unsupportedProfiles: ['x'] }],
    });
  });
});

describe('lostMoment', () => {
  it.each([
    [Date.UTC(2026, 10, 23, 23, 59, 59), '2026-11-23T23:59:59Z'],
    [Date.UTC(2026, 10, 23, 23, 59, 59, 7), '2026-11-23T23:59:59.007Z'],
    [0, '1970-01-01T00:00:00Z'],
  ])('%d is %s (RFC 5222 §5.1)', (ms, text) => {
    expect(lostMoment(wallMs(ms))).toEqual({ ms, text });
  });
});

describe('names of LoST', () => {
  it.each([
    ['application/lost+xml', true],
    ['Application/LoST+XML; charset=utf-8', true],
    ['application/lostsync+xml', true],
    ['application/lost+plannedChange', true],
    ['application/xml', true],
    ['text/xml;charset=utf-8', true],
    ['', true],
    [undefined, true],
    ['application/json', false],
    ['application/pidf+xml', false],
    ['multipart/form-data; boundary=application/xml', false],
  ])('a body of type %j is LoST: %s', (type, expected) => {
    expect(isLostMediaType(type)).toBe(expected);
  });

  it.each([
    ['ecrf.example', true],
    ['a-b.c1.example', true],
    ['localhost', false],
    ['ecrf.example.', false],
    ['ecrf_1.example', false],
    ['ecrf.example:8443', false],
    [`${'a'.repeat(250)}.example`, false],
  ])('%s is an application unique string: %s', (text, expected) => {
    expect(isLostSource(text)).toBe(expected);
  });
});
