import { type HeaderRow, headerRow } from './registry-row.ts';

/**
 * The headers of RFC 3261, Accept to Min-Expires.
 * The columns of the methods are ACK BYE CAN INV OPT REG PRA SUB NOT UPD MSG REF INF PUB: RFC 3261 §20 Tables 2 and 3, and
 * those of RFC 3262 §7, RFC 3265 §7.1, RFC 3311 §7, RFC 3428 §9, RFC 3515 §2.2, RFC 6086 §6 and RFC 3903 §11.1.1. A dot
 * stands where no document says anything.
 */
export const coreHeadersAtoM: readonly HeaderRow[] = [
  headerRow('Accept', 'list', 'RFC 3261 §20.1', [
    ['R', '', '-  o  -  o  m* o  o  o  o  o  -  o  o  o'],
    ['2xx', '', '-  -  -  o  m* o  -  -  -  o  -  -  .  -'],
    ['415', '', '-  c  -  c  c  c  c  o  o  c  m* c  o  m*'],
  ]),
  headerRow('Accept-Encoding', 'list', 'RFC 3261 §20.2', [
    ['R', '', '-  o  -  o  o  o  o  o  o  o  -  o  o  o'],
    ['2xx', '', '-  -  -  o  m* o  -  -  -  o  -  -  o  -'],
    ['415', '', '-  c  -  c  c  c  c  o  o  c  m* c  c  m*'],
  ]),
  headerRow('Accept-Language', 'list', 'RFC 3261 §20.3', [
    ['R', '', '-  o  -  o  o  o  o  o  o  o  -  o  o  o'],
    ['2xx', '', '-  -  -  o  m* o  -  -  -  o  -  -  o  -'],
    ['415', '', '-  c  -  c  c  c  c  o  o  c  m* c  o  m*'],
  ]),
  headerRow('Alert-Info', 'list', 'RFC 3261 §20.4', [
    ['R', 'ar', '-  -  -  o  -  -  -  -  -  -  -  -  -  -'],
    ['180', 'ar', '-  -  -  o  -  -  -  -  -  -  -  -  -  -'],
  ]),
  headerRow('Allow', 'list', 'RFC 3261 §20.5', [
    ['R', '', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
    ['2xx', '', '-  o  -  m* m* o  o  o  o  o  o  o  .  .'],
    ['r', '', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
    ['405', '', '-  m  -  m  m  m  m  m  m  m  m  m  m  m'],
  ]),
  headerRow('Authentication-Info', 'one', 'RFC 3261 §20.6', [
    ['2xx', '', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Authorization', 'lines', 'RFC 3261 §20.7', [
    ['R', '', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow(
    'Call-ID',
    'one',
    'RFC 3261 §20.8',
    [['c', 'r', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m']],
    'i',
  ),
  headerRow('Call-Info', 'list', 'RFC 3261 §20.9', [['', 'ar', '-  -  -  o  o  o  -  .  .  o  o  -  o  o']]),
  headerRow(
    'Contact',
    'list',
    'RFC 3261 §20.10',
    [
      ['R', '', 'o  -  -  m  o  o  -  m  m  m  -  m  -  -'],
      ['1xx', '', '-  -  -  o  -  -  -  o  o  o  -  -  -  -'],
      ['2xx', '', '-  -  -  m  o  o  -  m  o  m  -  m  -  -'],
      ['3xx', 'd', '-  o  -  o  o  o  o  m  m  o  o  o  -  o'],
      ['485', '', '-  o  -  o  o  o  o  o  o  o  o  o  -  o'],
    ],
    'm',
  ),
  headerRow('Content-Disposition', 'one', 'RFC 3261 §20.11', [
    ['', '', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow(
    'Content-Encoding',
    'list',
    'RFC 3261 §20.12',
    [['', '', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o']],
    'e',
  ),
  headerRow('Content-Language', 'list', 'RFC 3261 §20.13', [
    ['', '', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow(
    'Content-Length',
    'one',
    'RFC 3261 §20.14',
    [['', 'ar', 't  t  t  t  t  t  t  t  t  t  t  o  o  t']],
    'l',
  ),
  headerRow(
    'Content-Type',
    'one',
    'RFC 3261 §20.15',
    [['', '', '*  *  -  *  *  *  *  *  *  *  *  *  *  *']],
    'c',
  ),
  headerRow('CSeq', 'one', 'RFC 3261 §20.16', [['c', 'r', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m']]),
  headerRow('Date', 'one', 'RFC 3261 §20.17', [['', 'a', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o']]),
  headerRow('Error-Info', 'list', 'RFC 3261 §20.18', [
    ['300-699', 'a', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Expires', 'one', 'RFC 3261 §20.19', [
    ['', '', '-  -  -  o  -  o  -  o  -  -  o  o  -  o'],
    ['2xx', '', '.  .  .  .  .  .  .  m  -  .  .  .  .  m'],
  ]),
  headerRow('From', 'one', 'RFC 3261 §20.20', [['c', 'r', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m']], 'f'),
  headerRow('In-Reply-To', 'list', 'RFC 3261 §20.21', [
    ['R', '', '-  -  -  o  -  -  -  -  -  -  o  -  .  -'],
  ]),
  headerRow('Max-Forwards', 'one', 'RFC 3261 §20.22', [
    ['R', 'amr', 'm  m  m  m  m  m  m  m  m  m  m  m  o  m'],
  ]),
  headerRow('MIME-Version', 'one', 'RFC 3261 §20.24', [['', '', 'o  o  -  o  o  o  o  o  o  o  .  o  o  o']]),
  headerRow('Min-Expires', 'one', 'RFC 3261 §20.23', [
    ['423', '', '-  -  -  -  -  m  -  m  -  -  .  -  -  m'],
  ]),
];
