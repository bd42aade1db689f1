import { errorText, type WallMs } from '../base/index.ts';
import type { FindService, LocationValidation, LostWarningType, UsableLocation } from '../lost/index.ts';
import { lostMoment } from '../lost/index.ts';
import { type EcrfParts, leftMs, type QueryContext } from './context.ts';

/** What a validation came to: names of elements by what is known of them, or why it was not done. */
export type Validated =
  | { readonly kind: 'notAsked' }
  | { readonly kind: 'validated'; readonly validation: LocationValidation }
  | {
      readonly kind: 'unavailable';
      readonly warning: { readonly type: LostWarningType; readonly message: string };
    };

/**
 * Validates the address that a question is answered by, where it asks for that (RFC 5222 §8.3.5, §8.4.2): exactly, as the
 * LVF does, whatever routing tolerates. A geodetic location is not validated.
 */
export async function validate(
  request: FindService,
  location: UsableLocation,
  asOf: WallMs,
  context: QueryContext,
  parts: EcrfParts,
): Promise<Validated> {
  if (!request.validatesLocation || location.value.kind !== 'civic') return { kind: 'notAsked' };
  const { options, ports } = parts;
  const { validation } = options;
  const isDoneHere = validation === 'both' || (validation === 'lvf' && context.role === 'lvf');
  if (!isDoneHere) return unavailable('locations are not validated here');
  if (ports.validator === undefined) return unavailable('this server cannot validate locations');
  const { civic } = location.value;
  const wants = request.additionalLocation ?? 'none';
  const similarMax = wants === 'similar' || wants === 'any' ? options.similarMax : 0;
  const { validator } = ports;
  try {
    const found = await parts.turns.take(() =>
      validator.validate(civic, { asOf, deadlineMs: leftMs(context, parts), similarMax }),
    );
    if (found === undefined) return unavailable('no dataset is active to validate by');
    const { valid, invalid, unchecked, similar, changesAt } = found;
    return {
      kind: 'validated',
      validation: {
        valid,
        invalid,
        unchecked,
        revalidateAfter: changesAt === undefined ? undefined : lostMoment(changesAt),
        similarLocations: similarMax > 0 && invalid.length > 0 ? similar.slice(0, similarMax) : undefined,
      },
    };
  } catch (thrown) {
    ports.logger.warn('lost.notValidated', { error: errorText(thrown) });
    return unavailable('the location could not be validated in time');
  }
}

function unavailable(message: string): Validated {
  return { kind: 'unavailable', warning: { type: 'locationValidationUnavailable', message } };
}
