import { type HeaderRow, headerRow } from './registry-row.ts';

/**
 * The headers of RFC 3261, Organization to WWW-Authenticate.
 * The columns of the methods are ACK BYE CAN INV OPT REG PRA SUB NOT UPD MSG REF INF PUB: RFC 3261 §20 Tables 2 and 3, and
 * those of RFC 3262 §7, RFC 3265 §7.1, RFC 3311 §7, RFC 3428 §9, RFC 3515 §2.2, RFC 6086 §6 and RFC 3903 §11.1.1. A dot
 * stands where no document says anything.
 */
export const coreHeadersOtoW: readonly HeaderRow[] = [
  headerRow('Organization', 'one', 'RFC 3261 §20.25', [
    ['', 'ar', '-  -  -  o  o  o  -  o  -  o  o  o  -  o'],
  ]),
  headerRow('Priority', 'one', 'RFC 3261 §20.26', [['R', 'ar', '-  -  -  o  -  -  -  o  -  -  o  -  -  o']]),
  headerRow('Proxy-Authenticate', 'lines', 'RFC 3261 §20.27', [
    ['407', 'ar', '-  m  -  m  m  m  m  m  m  m  m  m  m  m'],
    ['401', 'ar', '-  o  o  o  o  o  o  .  .  o  o  o  o  o'],
  ]),
  headerRow('Proxy-Authorization', 'lines', 'RFC 3261 §20.28', [
    ['R', 'dr', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Proxy-Require', 'list', 'RFC 3261 §20.29', [
    ['R', 'ar', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Record-Route', 'list', 'RFC 3261 §20.30', [
    ['R', 'ar', 'o  o  o  o  o  -  o  o  o  o  -  o  o  -'],
    ['2xx,18x', 'mr', '-  o  o  o  o  -  o  .  .  o  -  o  o  -'],
    ['2xx,401,484', '', '.  .  .  .  .  .  .  o  o  .  -  .  .  -'],
  ]),
  headerRow('Reply-To', 'one', 'RFC 3261 §20.31', [['', '', '-  -  -  o  -  -  -  -  -  -  o  -  .  -']]),
  headerRow('Require', 'list', 'RFC 3261 §20.32', [['', 'ar', '-  c  -  c  c  c  c  o  o  c  c  c  o  o']]),
  headerRow('Retry-After', 'one', 'RFC 3261 §20.33', [
    ['404,413,480,486', '', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
    ['500,503', '', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
    ['600,603', '', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('Route', 'list', 'RFC 3261 §20.34', [['R', 'adr', 'c  c  c  c  c  c  c  c  c  c  o  c  o  c']]),
  headerRow('Server', 'one', 'RFC 3261 §20.35', [['r', '', '-  o  o  o  o  o  o  o  o  o  o  o  o  o']]),
  headerRow(
    'Subject',
    'one',
    'RFC 3261 §20.36',
    [['R', '', '-  -  -  o  -  -  -  -  -  -  o  -  o  o']],
    's',
  ),
  headerRow(
    'Supported',
    'list',
    'RFC 3261 §20.37',
    [
      ['R', '', '-  o  o  m* o  o  o  o  o  o  .  o  o  o'],
      ['2xx', '', '-  o  o  m* m* o  o  o  o  o  .  o  o  o'],
    ],
    'k',
  ),
  headerRow('Timestamp', 'one', 'RFC 3261 §20.38', [['', '', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o']]),
  headerRow('To', 'one', 'RFC 3261 §20.39', [['c', 'r', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m']], 't'),
  headerRow('Unsupported', 'list', 'RFC 3261 §20.40', [
    ['420', '', '-  m  -  m  m  m  m  o  o  m  o  o  o  o'],
  ]),
  headerRow('User-Agent', 'one', 'RFC 3261 §20.41', [['', '', 'o  o  o  o  o  o  o  o  o  o  o  o  o  o']]),
  headerRow(
    'Via',
    'list',
    'RFC 3261 §20.42',
    [
      ['R', 'amr', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m'],
      ['rc', 'dr', 'm  m  m  m  m  m  m  m  m  m  m  m  m  m'],
    ],
    'v',
  ),
  headerRow('Warning', 'list', 'RFC 3261 §20.43', [
    ['r', '', '-  o  o  o  o  o  o  o  o  o  o  o  o  o'],
    ['R', '', '.  .  .  .  .  .  .  .  o  .  .  .  .  .'],
  ]),
  headerRow('WWW-Authenticate', 'lines', 'RFC 3261 §20.44', [
    ['401', 'ar', '-  m  -  m  m  m  m  m  m  m  m  m  m  m'],
    ['407', 'ar', '-  o  -  o  o  o  .  .  .  o  o  o  .  o'],
  ]),
];
