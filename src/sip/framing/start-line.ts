import { isToken } from '../uri/index.ts';
import type { FramingErrorCode } from './errors.ts';

/** Why the first bytes of a message cannot be SIP, as soon as it shows; undefined while they may be. */
export function strangerByFirstByte(first: number): FramingErrorCode | undefined {
  if (first === 0x16) return 'framing.tls';
  return isToken(first) || first === 0x20 || first === 0x09 ? undefined : 'framing.notSip';
}

/** Why a complete first line is none of SIP; undefined where it is one. */
export function strangerByLine(line: string): FramingErrorCode | undefined {
  const text = line.trim();
  if (/^SIP\//i.test(text)) return undefined;
  const version = text.slice(text.lastIndexOf(' ') + 1);
  if (/^SIP\//i.test(version)) return undefined;
  return /^(HTTP|RTSP)\//i.test(version) || /^(HTTP|RTSP)\//i.test(text) ? 'framing.http' : 'framing.notSip';
}
