import { type HeaderRow, headerRow } from './registry-row.ts';

/** Headers of dialogs, events, transfer and timers, from the extensions that define them. Columns as in {@link headerRow}. */
export const dialogHeaders: readonly HeaderRow[] = [
  headerRow('RAck', 'one', 'RFC 3262 §7.2', [['R', '', '-  -  -  -  -  -  m  -  -  -  -  -  -  -']]),
  headerRow('RSeq', 'one', 'RFC 3262 §7.1', [['1xx', '', '-  -  -  o  -  -  -  o  o  -  -  -  -  -']]),
  headerRow(
    'Allow-Events',
    'list',
    'RFC 6665 §8.2.2',
    [
      ['R', '', 'o  o  -  o  o  o  o  o  o  -  .  .  .  o'],
      ['2xx', '', '-  o  -  o  o  o  o  o  o  -  .  .  .  .'],
      ['489', '', '-  -  -  -  -  -  -  m  m  -  .  .  .  m'],
    ],
    'u',
  ),
  headerRow(
    'Event',
    'one',
    'RFC 6665 §8.2.1',
    [
      ['R', '', '-  -  -  -  -  -  -  m  m  -  .  .  .  m'],
      ['2xx', '', '-  -  -  -  -  -  -  -  o  -  .  .  .  .'],
    ],
    'o',
  ),
  headerRow('Subscription-State', 'one', 'RFC 6665 §8.2.3', [
    ['R', '', '-  -  -  -  -  -  -  -  m  -  .  .  .  .'],
  ]),
  headerRow('Suppress-If-Match', 'one', 'RFC 5839 §7.1', [
    ['R', '', '-  -  -  -  -  -  -  o  -  -  -  -  -  -'],
  ]),
  headerRow('SIP-ETag', 'one', 'RFC 3903 §11.3.1', [['2xx', '', '-  -  -  -  -  -  -  -  -  -  -  -  -  m']]),
  headerRow('SIP-If-Match', 'one', 'RFC 3903 §11.3.2', [
    ['R', '', '-  -  -  -  -  -  -  -  -  -  -  -  -  o'],
  ]),
  headerRow('Refer-To', 'one', 'RFC 3515 §2.1', [['R', '', '-  -  -  -  -  -  -  -  -  -  -  m  -  -']], 'r'),
  headerRow('Refer-Sub', 'one', 'RFC 4488 §4', [
    ['R', '', '-  -  -  -  -  -  -  -  -  -  -  o  -  -'],
    ['2xx', '', '-  -  -  -  -  -  -  -  -  -  -  o  -  -'],
  ]),
  headerRow('Refer-Events-At', 'one', 'RFC 7614 §4.8', [
    ['2xx', '', '-  -  -  -  -  -  -  -  -  -  -  o  -  -'],
  ]),
  headerRow(
    'Referred-By',
    'one',
    'RFC 3892 §3',
    [['R', '', '-  o  -  o  o  o  .  .  .  .  .  .  o  .']],
    'b',
  ),
  headerRow('Replaces', 'one', 'RFC 3891 §6.1', [['R', '', '-  -  -  o  -  -  -  -  -  -  -  -  -  -']]),
  headerRow('Join', 'one', 'RFC 3911 §7.1', [['R', '', '-  -  -  o  -  -  -  -  -  -  -  -  -  -']]),
  headerRow('Target-Dialog', 'one', 'RFC 4538 §6', [['R', '', '-  -  -  o  -  -  -  o  -  -  -  o  -  -']]),
  headerRow(
    'Session-Expires',
    'one',
    'RFC 4028 §4',
    [
      ['R', 'amr', '-  -  -  o  -  -  -  -  -  o  .  .  .  .'],
      ['2xx', 'ar', '-  -  -  o  -  -  -  -  -  o  .  .  .  .'],
    ],
    'x',
  ),
  headerRow('Min-SE', 'one', 'RFC 4028 §5', [
    ['R', 'amr', '-  -  -  o  -  -  -  -  -  o  .  .  .  .'],
    ['422', '', '-  -  -  m  -  -  -  -  -  m  .  .  .  .'],
  ]),
  headerRow('Info-Package', 'one', 'RFC 6086 §7.2', [['R', '', '-  -  -  -  -  -  -  -  -  -  -  -  m* -']]),
  headerRow('Recv-Info', 'list', 'RFC 6086 §7.3', [
    ['R', '', '-  -  -  m  -  o  o  -  -  o  -  -  -  .'],
    ['2xx', '', '-  -  -  o  -  -  o  -  -  o  -  -  -  .'],
    ['1xx', '', '-  -  -  o  -  -  -  -  -  -  -  -  -  .'],
    ['469', '', '-  -  -  -  -  -  -  -  -  -  -  -  m* .'],
    ['r', '', '-  -  -  o  -  -  o  -  -  o  -  -  -  .'],
  ]),
  // RFC 3326 §2 has no table: requests in a dialog, CANCEL, and responses where their code allows it.
  headerRow('Reason', 'list', 'RFC 3326 §2', [['', 'r', 'o  o  o  o  o  -  o  o  o  o  -  o  o  -']]),
  headerRow('Answer-Mode', 'one', 'RFC 5373 §3', [['', '', '-  -  -  o  -  -  -  -  -  -  -  -  -  -']]),
  headerRow('Priv-Answer-Mode', 'one', 'RFC 5373 §3', [['', '', '-  -  -  o  -  -  -  -  -  -  -  -  -  -']]),
  headerRow('Flow-Timer', 'one', 'RFC 5626 §11.1', [
    ['2xx', 'a', '-  -  -  -  -  o  -  -  -  -  -  -  -  -'],
  ]),
  // RFC 7989 §7: whoever sees no Session-ID may add one; a nil UUID may be filled in.
  headerRow('Session-ID', 'one', 'RFC 7989 §5', [['', 'amr', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o']]),
  headerRow(
    'Accept-Contact',
    'list',
    'RFC 3841 §9.2',
    [['R', 'ar', 'o  o  o  o  o  -  o  o  o  o  o  o  o  .']],
    'a',
  ),
  headerRow(
    'Reject-Contact',
    'list',
    'RFC 3841 §9.2',
    [['R', 'ar', 'o  o  o  o  o  -  o  o  o  o  o  o  o  .']],
    'j',
  ),
  headerRow(
    'Request-Disposition',
    'list',
    'RFC 3841 §9.1',
    [['R', 'ar', 'o  o  o  o  o  o  o  o  o  o  o  o  o  .']],
    'd',
  ),
  // RFC 5393 §5.3.3: added where it is missing, overwritten above the maximum, shared out between branches.
  headerRow('Max-Breadth', 'one', 'RFC 5393 §5.3.3', [
    ['R', 'amr', '.  .  -  .  .  .  .  .  .  .  .  .  -  .'],
  ]),
  headerRow('User-to-User', 'list', 'RFC 7433 §4', [['', '', 'o  o  -  o  -  -  -  -  -  -  -  o  -  -']]),
  headerRow('Policy-ID', 'list', 'RFC 6794 §4.4.5', [
    ['R', 'rd', '-  -  -  c  -  -  c  -  -  c  -  -  -  -'],
  ]),
  headerRow('Policy-Contact', 'list', 'RFC 6794 §4.4.5', [
    ['R', 'a', '-  -  -  c  -  -  c  -  -  c  -  -  -  -'],
    ['488', 'a', '-  -  -  c  -  -  c  -  -  c  -  -  -  -'],
  ]),
  headerRow('AlertMsg-Error', 'one', 'RFC 8876 §5.2', [
    ['425', '', '.  .  .  o  .  .  .  .  .  .  o  .  .  .'],
  ]),
  headerRow('P-Early-Media', 'one', 'RFC 5009 §8', [
    ['R', 'amr', '-  -  -  o  -  -  o  .  .  o  .  .  .  .'],
    ['18x', 'amr', '-  -  -  o  -  -  -  .  .  -  .  .  .  .'],
    ['2xx', 'amr', '-  -  -  -  -  -  o  .  .  o  .  .  .  .'],
  ]),
];
