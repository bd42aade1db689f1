import { type HeaderRow, headerRow } from './registry-row.ts';

/**
 * Headers of identity, privacy, routing state, charging and security agreement. Columns as in {@link headerRow}. RFC 7315
 * §5.7 names methods in words and has no proxy column; that is RFC 3455's.
 */
export const networkHeaders: readonly HeaderRow[] = [
  // RFC 8224 §4: any number of them, each signed over the request; a proxy may sign too and never changes another's.
  headerRow(
    'Identity',
    'lines',
    'RFC 8224 §4',
    [['R', 'ar', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o']],
    'y',
  ),
  headerRow(
    'Identity-Info',
    'one',
    'RFC 4474 §9',
    [['R', 'ar', 'o  o  -  o  o  -  o  o  o  o  o  o  o  o']],
    'n',
  ),
  headerRow('P-Asserted-Identity', 'list', 'RFC 3325 §9.1', [
    ['', 'adr', '-  o  -  o  o  -  -  o  o  -  o  o  -  o'],
  ]),
  headerRow('P-Preferred-Identity', 'list', 'RFC 3325 §9.2', [
    ['', 'adr', '-  o  -  o  o  -  -  o  o  -  o  o  -  o'],
  ]),
  headerRow('Privacy', 'one', 'RFC 3323 §4.2', [['', 'amrd', 'o  o  o  o  o  o  o  o  o  o  o  .  o  .']]),
  // RFC 7044 §9: entries are added, and made anonymous where Privacy asks for it; none is taken away.
  headerRow('History-Info', 'list', 'RFC 7044 §5', [['', 'amr', '-  -  -  o  o  o  -  o  o  -  o  o  -  o']]),
  headerRow('Diversion', 'list', 'RFC 5806 §4', [['R', 'ar', '.  .  .  o  .  .  .  .  .  .  .  .  .  .']]),
  headerRow('Path', 'list', 'RFC 3327 §4', [
    ['R', 'ar', '-  -  -  -  -  o  .  .  .  .  .  .  .  .'],
    ['2xx', '', '-  -  -  -  -  o  .  .  .  .  .  .  .  .'],
  ]),
  headerRow('Service-Route', 'list', 'RFC 3608 §5', [
    ['2xx', 'ar', '-  -  -  -  -  o  -  .  .  .  .  .  .  .'],
  ]),
  headerRow('Security-Client', 'list', 'RFC 3329 §2.6', [
    ['R', 'ard', '-  o  -  o  o  o  -  o  o  o  o  .  o  .'],
  ]),
  headerRow('Security-Server', 'list', 'RFC 3329 §2.6', [
    ['421,494', '', '-  o  -  o  o  o  -  o  o  o  o  .  o  .'],
  ]),
  headerRow('Security-Verify', 'list', 'RFC 3329 §2.6', [
    ['R', 'ard', '-  o  -  o  o  o  -  o  o  o  o  .  o  .'],
  ]),
  headerRow('P-Associated-URI', 'list', 'RFC 7315 §5.1', [
    ['2xx', '', '-  -  -  -  -  o  -  -  -  -  -  -  -  -'],
  ]),
  headerRow('P-Called-Party-ID', 'one', 'RFC 7315 §5.2', [
    ['', 'amr', '-  -  -  o  o  -  -  o  -  -  o  -  -  o'],
  ]),
  headerRow('P-Visited-Network-ID', 'list', 'RFC 7315 §5.3', [
    ['', 'ad', '-  -  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('P-Access-Network-Info', 'list', 'RFC 7315 §5.4', [
    ['', 'adr', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('P-Charging-Function-Addresses', 'one', 'RFC 7315 §5.5', [
    ['', 'adr', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('P-Charging-Vector', 'one', 'RFC 7315 §5.6', [
    ['', 'admr', 'o  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
  headerRow('P-Charge-Info', 'one', 'RFC 8496 §6', [
    ['R', 'adr', '.  .  -  o  .  .  .  .  .  .  .  .  .  .'],
  ]),
  headerRow('P-Asserted-Service', 'one', 'RFC 6050 §4.1', [
    ['R', 'admr', '-  -  -  o  o  -  -  o  -  -  o  o  -  o'],
  ]),
  headerRow('P-Preferred-Service', 'one', 'RFC 6050 §4.2', [
    ['R', 'dr', '-  -  -  o  o  -  -  o  -  -  o  o  -  o'],
  ]),
  headerRow('P-Served-User', 'one', 'RFC 5502 §5', [
    ['R', 'amdr', '-  -  -  o  o  o  -  o  -  -  o  o  -  o'],
  ]),
  headerRow('P-Profile-Key', 'one', 'RFC 5002 §5', [
    ['R', 'adr', '-  -  -  o  o  -  -  o  -  -  o  o  -  o'],
  ]),
  headerRow('P-User-Database', 'one', 'RFC 4457 §4', [
    ['R', 'adr', '-  -  -  o  o  o  -  o  -  -  o  o  -  o'],
  ]),
  headerRow('P-Media-Authorization', 'list', 'RFC 3313 §5.1', [
    ['R', 'ad', 'o  -  -  o  -  -  -  -  -  o  -  -  -  -'],
    ['2xx', 'ad', '-  -  -  o  -  -  o  -  -  o  -  -  -  -'],
    ['101-199', 'ad', '-  -  -  o  -  -  -  -  -  -  -  -  -  -'],
  ]),
  headerRow('P-Answer-State', 'one', 'RFC 4964 §6', [
    ['18x,2xx', 'adr', '-  -  -  o  -  -  -  -  -  -  -  -  -  -'],
    ['R', 'adr', '-  -  -  -  -  -  -  -  o  -  -  -  -  -'],
  ]),
  // RFC 6809 §4.2.1: an entity may add its own and remove others'.
  headerRow('Feature-Caps', 'list', 'RFC 6809 §6.2', [
    ['', 'adr', '-  o  -  o  o  o  o  o  o  o  o  o  o  o'],
  ]),
];
