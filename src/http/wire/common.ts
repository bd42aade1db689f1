import { z } from 'zod';
import { type CodedError, type ServiceUrn, serviceUrn, type WallMs, wallMs } from '../../base/index.ts';
import { replyComponent } from './registry.ts';

/** A moment in answers. */
export const momentSchema = z.string().meta({ format: 'date-time' });

/** Writes a moment (RFC 3339). */
export function momentToWire(at: WallMs): string {
  return new Date(at).toISOString();
}

/** Writes a moment that may be absent. */
export function optionalMoment(at: WallMs | undefined): string | undefined {
  return at === undefined ? undefined : momentToWire(at);
}

/** Reads a moment that was checked by `momentText`. */
export function momentFromWire(text: string): WallMs {
  return wallMs(Date.parse(text));
}

// RFC 5031 §3 with the private trees that NENA uses; letters of either case, compared in lower case.
const servicePattern =
  /^[uU][rR][nN]:([a-zA-Z]{1,31}:)?[sS][eE][rR][vV][iI][cC][eE](:[a-zA-Z0-9][a-zA-Z0-9-]{0,62})(\.[a-zA-Z0-9][a-zA-Z0-9-]{0,62}){0,15}$/;

/** A service URN in a request. */
export const serviceForm = z
  .string()
  .max(254)
  .regex(servicePattern, 'must be a service URN, such as urn:service:sos or urn:service:sos.fire')
  .toLowerCase();

/** The service of a route query, `urn:service:sos` where it is not given. */
export const serviceText = serviceForm.default('urn:service:sos').describe('Service URN (RFC 5031)');

/** Brands a service that was checked by {@link serviceForm}. */
export function serviceFromWire(text: string): ServiceUrn {
  return serviceUrn(text);
}

/** A warning or an error by its code. */
export const codedErrorSchema = replyComponent(
  'CodedMessage',
  z
    .strictObject({ code: z.string(), message: z.string() })
    .describe('Something that was found wrong, by its code.'),
);

/** Writes a coded error; the cause underneath stays in the server. */
export function codedErrorToWire(error: CodedError): z.infer<typeof codedErrorSchema> {
  return { code: error.code, message: error.message };
}
