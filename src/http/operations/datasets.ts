import { z } from 'zod';
import { datasetId } from '../../base/index.ts';
import { activationHindrance, type Dataset } from '../../esrp/index.ts';
import { defineOperation, type OperationPorts } from '../operation.ts';
import { jsonReply, problem } from '../problem.ts';
import { booleanText, integerText } from '../validation.ts';
import { datasetListSchema, datasetSchema, datasetToWire } from '../wire/dataset.ts';
import { datasetExample } from './examples.ts';

/** A dataset's number in a path or a query. */
export function datasetIdText() {
  return integerText({ min: 1, max: 2_147_483_647 });
}

const idParams = z.strictObject({ id: datasetIdText().describe('Number of the dataset') });

function datasetReply(description: string) {
  return {
    status: 200,
    description,
    mediaType: 'application/json',
    schema: datasetSchema,
    example: datasetExample,
  };
}

/** All datasets. */
export const listDatasets = defineOperation({
  id: 'listDatasets',
  method: 'get',
  path: '/api/v1/datasets',
  tag: 'Datasets',
  summary: 'List the datasets.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'All datasets.',
      mediaType: 'application/json',
      schema: datasetListSchema,
      example: { items: [datasetExample] },
    },
  ],
  problems: [],
  async handle({ ports }) {
    const found = await ports.boundaries.listDatasets();
    return jsonReply(200, { items: found.map(datasetToWire) });
  },
});

/** One dataset. */
export const readDataset = defineOperation({
  id: 'readDataset',
  method: 'get',
  path: '/api/v1/datasets/{id}',
  tag: 'Datasets',
  summary: 'Read one dataset.',
  access: 'key',
  params: idParams,
  replies: [datasetReply('The dataset.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const found = await ports.boundaries.getDataset(datasetId(params.id));
    return found === undefined ? noDataset(params.id) : jsonReply(200, datasetToWire(found));
  },
});

/** Makes a dataset the active one. */
export const activateDataset = defineOperation({
  id: 'activateDataset',
  method: 'post',
  path: '/api/v1/datasets/{id}/activate',
  tag: 'Datasets',
  summary: 'Make a dataset the active one, in one step.',
  description:
    'A dataset that has no finished check, or whose check found errors, is refused unless `unchecked` is true. One that was ' +
    'active before was checked then.',
  access: 'key',
  params: idParams,
  query: z.strictObject({
    unchecked: booleanText()
      .default(false)
      .describe('Activates it whatever checks say; the audit trail has it'),
  }),
  replies: [datasetReply('The dataset, active now.')],
  problems: ['http.notFound', 'http.notChecked', 'http.checkFailed'],
  async handle({ params, query, actor, ports }) {
    const wanted = await ports.boundaries.getDataset(datasetId(params.id));
    if (wanted === undefined) return noDataset(params.id);
    const hindrance = await hindranceOf(wanted, ports);
    if (hindrance !== undefined && !query.unchecked) return hindrance;
    if (hindrance !== undefined) {
      await ports.audit.append(actor, 'dataset.activatedUnchecked', {
        datasetId: wanted.id,
        code: hindrance.code,
      });
    }
    const active = await ports.boundaries.activate(wanted.id, actor);
    return active === undefined ? noDataset(params.id) : jsonReply(200, datasetToWire(active));
  },
});

/** Removes a dataset. */
export const removeDataset = defineOperation({
  id: 'removeDataset',
  method: 'delete',
  path: '/api/v1/datasets/{id}',
  tag: 'Datasets',
  summary: 'Remove a dataset that is not active, with all that is known of it.',
  access: 'key',
  params: idParams,
  replies: [datasetReply('The dataset as it was.')],
  problems: ['http.notFound', 'http.datasetActive'],
  async handle({ params, actor, ports }) {
    const wanted = await ports.boundaries.getDataset(datasetId(params.id));
    if (wanted === undefined) return noDataset(params.id);
    const removal = await ports.review.removeDataset(wanted.id, actor);
    if (removal === 'active') {
      return problem('http.datasetActive', `dataset ${params.id} is active; activate another one first`);
    }
    return removal === 'unknown' ? noDataset(params.id) : jsonReply(200, datasetToWire(wanted));
  },
});

/** Why a dataset is not to be activated as it is; undefined: it may be. */
async function hindranceOf(dataset: Dataset, ports: OperationPorts) {
  if (dataset.state === 'active' || dataset.state === 'retired') return undefined;
  const hindrance = activationHindrance(await ports.review.getCheck(dataset.id), dataset.revision);
  if (hindrance === undefined) return undefined;
  const path = `/api/v1/datasets/${dataset.id}`;
  return hindrance === 'notChecked'
    ? problem(
        'http.notChecked',
        `dataset ${dataset.id} has no finished check of what it is now: POST ${path}/check`,
      )
    : problem(
        'http.checkFailed',
        `the check of dataset ${dataset.id} found errors: GET ${path}/findings?severity=error`,
      );
}

/** Makes the dataset active that was active before. */
export const rollBackDataset = defineOperation({
  id: 'rollBackDataset',
  method: 'post',
  path: '/api/v1/datasets/rollback',
  tag: 'Datasets',
  summary: 'Make the dataset active again that was active before, in one step.',
  access: 'key',
  replies: [datasetReply('The dataset that is active now.')],
  problems: ['http.nothingToRollBack'],
  async handle({ actor, ports }) {
    const active = await ports.boundaries.rollBack(actor);
    if (active === undefined) return problem('http.nothingToRollBack', 'no earlier dataset was active');
    return jsonReply(200, datasetToWire(active));
  },
});

function noDataset(id: number) {
  return problem('http.notFound', `there is no dataset ${id}`);
}
