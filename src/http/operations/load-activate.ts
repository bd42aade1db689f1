import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, Dataset } from '../../esrp/index.ts';
import { activationHindrance } from '../../esrp/index.ts';
import type { OperationPorts } from '../operation.ts';
import { type Outcome, problem } from '../problem.ts';
import { defaultMinAreaM2 } from './checks.ts';

const pollEveryMs = 200;

/** The dataset, active now, or why it is not. */
export type Activated =
  | { readonly kind: 'active'; readonly dataset: Dataset }
  | Extract<Outcome, { kind: 'problem' }>;

/** Makes a dataset the active one that was never checked, and keeps that it was. */
export async function activateUnchecked(
  dataset: Dataset,
  actor: Actor,
  { audit, boundaries }: OperationPorts,
): Promise<Activated> {
  const detail = { datasetId: dataset.id, code: 'http.notChecked' };
  await audit.append(actor, 'dataset.activatedUnchecked', detail);
  return { kind: 'active', dataset: (await boundaries.activate(dataset.id, actor)) ?? dataset };
}

/** Checks a dataset that has just been loaded, and makes it the active one where the check finds no error. */
export async function activateChecked(
  dataset: Dataset,
  actor: Actor,
  ports: OperationPorts,
): Promise<Activated> {
  const { review, boundaries } = ports;
  await review.startCheck(dataset.id, { minAreaM2: defaultMinAreaM2, actor });
  let report = await review.getCheck(dataset.id);
  while (report?.state === 'running') {
    await sleep(pollEveryMs);
    report = await review.getCheck(dataset.id);
  }
  if (activationHindrance(report, dataset.revision) !== undefined) {
    const path = `/api/v1/datasets/${dataset.id}`;
    const why = report?.state === 'finished' ? `found ${report.counts.error} errors` : 'did not finish';
    return problem(
      'http.checkFailed',
      `dataset ${dataset.id} was loaded, its check ${why}: GET ${path}/findings?severity=error. It is not active`,
      { headers: { Location: path } },
    );
  }
  const active = await boundaries.activate(dataset.id, actor);
  return { kind: 'active', dataset: active ?? dataset };
}
