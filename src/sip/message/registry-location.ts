import { type HeaderRow, headerRow } from './registry-row.ts';

/** Headers of location, priority and body references. Columns as in {@link headerRow}. */
export const locationHeaders: readonly HeaderRow[] = [
  // RFC 6442 §4.1: an intermediary may add a value, and should neither change nor delete one.
  headerRow('Geolocation', 'list', 'RFC 6442 §4.1', [
    ['R', 'ar', '-  o  -  o  o  o  -  o  o  o  o  o  o  o'],
    ['r', 'ar', '-  o  -  o  o  o  -  o  o  o  o  o  o  o'],
  ]),
  // RFC 6442 §4.2: it may be inserted, and a `yes` may become a `no` further down; a `no` stays.
  headerRow('Geolocation-Routing', 'one', 'RFC 6442 §4.2', [
    ['', 'ar', '-  o  -  o  o  o  -  o  o  o  o  o  o  o'],
  ]),
  headerRow('Geolocation-Error', 'one', 'RFC 6442 §4.4', [
    ['r', 'r', '-  o  -  o  o  o  -  o  o  o  o  o  o  o'],
  ]),
  headerRow('Resource-Priority', 'list', 'RFC 4412 §3.1', [
    ['R', 'amdr', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Accept-Resource-Priority', 'list', 'RFC 4412 §3.2', [
    ['200', 'amdr', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
    ['417', 'amdr', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
    ['2xx', '', '.  .  .  .  .  .  .  .  .  .  .  .  o  .'],
  ]),
  // RFC 8262 §3.4.2: a proxy must not add, change or delete it.
  headerRow('Content-ID', 'one', 'RFC 8262 §3.2', [['', '', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o']]),
  // Of MIME, not of SIP, and written beside the body all the same; touched as little as the body is.
  headerRow('Content-Transfer-Encoding', 'one', 'RFC 2045 §6', [
    ['', '', '.  .  .  .  .  .  .  .  .  .  .  .  .  .'],
  ]),
  headerRow('Content-Description', 'one', 'RFC 2045 §8', [
    ['', '', '.  .  .  .  .  .  .  .  .  .  .  .  .  .'],
  ]),
];
