import { z } from 'zod';
import type { RouteLocation, RouteQuery } from '../../esrp/index.ts';
import { defineOperation } from '../operation.ts';
import { jsonReply } from '../problem.ts';
import { momentText, numberText } from '../validation.ts';
import { civicFromWire, civicNames, civicShape } from '../wire/civic.ts';
import { momentFromWire, serviceForm, serviceFromWire, serviceText } from '../wire/common.ts';
import {
  routeAnswerSchema,
  routeAnswerToWire,
  routeLocationFromWire,
  routeRequestSchema,
} from '../wire/route.ts';
import { pidfExample, routeAnswerExample } from './examples.ts';

const commonQuery = {
  service: serviceText,
  asOf: momentText().optional().describe('The moment whose boundaries count; now where absent.'),
};

const placeQuery = z
  .strictObject({
    lat: numberText({ min: -90, max: 90 }).optional().describe('Degrees north, WGS 84'),
    lon: numberText({ min: -180, max: 180 }).optional().describe('Degrees east, WGS 84'),
    ...commonQuery,
    ...civicShape,
  })
  .superRefine((query, context) => {
    const isPoint = query.lat !== undefined || query.lon !== undefined;
    const isCivic = civicNames.some((name) => name in query);
    for (const name of ['lat', 'lon'] as const) {
      if (isPoint && query[name] === undefined)
        context.addIssue({ code: 'custom', path: [name], message: 'is missing' });
    }
    if (isPoint === isCivic) {
      const message = isPoint
        ? 'give either lat and lon or a civic address, not both'
        : 'give lat and lon, or a civic address such as country=US&A1=TX&A2=Harris';
      context.addIssue({ code: 'custom', path: ['lat'], message });
    }
  });

/** GET: a point or a civic address in the query. */
export const queryRoute = defineOperation({
  id: 'queryRoute',
  method: 'get',
  path: '/api/v1/route',
  tag: 'Routing',
  summary: 'Where would a call from this place go, and why?',
  description:
    'Runs the stages that a call runs. Give `lat` and `lon`, or the elements of a civic address by their names in RFC 5139.',
  access: 'key',
  query: placeQuery,
  replies: [routeReply()],
  problems: [],
  async handle({ query, ports }) {
    const { lat, lon, service, asOf, ...civic } = query;
    const location: RouteLocation =
      lat !== undefined && lon !== undefined
        ? { kind: 'point', position: { lon, lat } }
        : { kind: 'civic', civic: civicFromWire(civic) };
    const answer = await ports.routes.route(routeQuery({ service, asOf }, location));
    return jsonReply(200, routeAnswerToWire(answer));
  },
});

/** POST: a PIDF-LO document, or JSON. */
export const queryRouteByBody = defineOperation({
  id: 'queryRouteByBody',
  method: 'post',
  path: '/api/v1/route',
  tag: 'Routing',
  summary: 'Where would a call with this location document go, and why?',
  description:
    'A PIDF-LO document is read exactly as the body of a call is; what is wrong in it is told in the answer. ' +
    '`service` and `asOf` go with a document; in JSON they are members.',
  access: 'key',
  query: z.strictObject({
    service: serviceForm.optional().describe('With a document: service URN; urn:service:sos where absent.'),
    asOf: commonQuery.asOf,
  }),
  body: {
    json: {
      schema: routeRequestSchema,
      examples: {
        point: { service: 'urn:service:sos', location: { lat: 29.76, lon: -95.37 } },
        civic: { location: { civic: { country: 'US', A1: 'TX', A2: 'Harris' } } },
      },
    },
    document: {
      mediaTypes: [
        'application/pidf+xml',
        'application/pidf-lo+xml',
        'application/cpim-pidf+xml',
        'application/xml',
        'text/xml',
      ],
      example: pidfExample,
    },
  },
  replies: [routeReply()],
  problems: [],
  async handle({ query, body, ports }) {
    const json = body.kind === 'json' ? body.value : undefined;
    const location: RouteLocation =
      json !== undefined
        ? routeLocationFromWire(json.location)
        : { kind: 'document', bytes: body.kind === 'document' ? body.bytes : new Uint8Array() };
    const service = json?.service ?? query.service ?? 'urn:service:sos';
    const answer = await ports.routes.route(
      routeQuery({ service, asOf: json?.asOf ?? query.asOf }, location),
    );
    return jsonReply(200, routeAnswerToWire(answer));
  },
});

function routeQuery(
  { service, asOf }: { readonly service: string; readonly asOf: string | undefined },
  location: RouteLocation,
): RouteQuery {
  return {
    service: serviceFromWire(service),
    location,
    asOf: asOf === undefined ? undefined : momentFromWire(asOf),
  };
}

function routeReply() {
  return {
    status: 200,
    description: 'Where the call would go; a place that no boundary covers goes to the default route.',
    mediaType: 'application/json',
    schema: routeAnswerSchema,
    example: routeAnswerExample,
  };
}
