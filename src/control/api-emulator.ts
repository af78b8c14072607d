/** The built-in emulator over HTTP: break it on purpose, mend it, read its bill. */
import { findModel } from '../core/catalog.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { suggest } from '../core/suggest.ts';
import type { Bill } from '../emulator/bill.ts';
import type { Fault } from '../emulator/faults.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import * as schemas from './api-schemas.ts';
import { readFault, viewBill, viewFault } from './api-views.ts';

const tag = 'emulator';

/** What the control plane needs of the emulator. */
export type EmulatorControls = {
  setFault(fault: Fault): void;
  clearFaults(model?: string): number;
  faults(): readonly Fault[];
  bill(): Bill;
};

export function mountEmulator(
  app: ControlApp,
  snapshot: () => Snapshot,
  emulator: EmulatorControls | undefined,
): void {
  const running = (): EmulatorControls => {
    if (emulator) return emulator;
    const fix = 'add a provider with base_url emulator://NAME/v1, or start the gateway without --config';
    throw new ApiError(409, 'emulator_off', `no emulator runs in this gateway: ${fix}`);
  };
  mount(app, {
    method: 'get',
    path: '/emulator/faults',
    tag,
    summary: 'The faults that are armed',
    answer: schemas.faultsAnswer,
    run: () => ({ faults: running().faults().map(viewFault) }),
  });
  mountSet(app, snapshot, running);
  mount(app, {
    method: 'delete',
    path: '/emulator/faults',
    tag,
    act: 'mended the emulator',
    summary: 'Mend one model, or everything',
    query: schemas.clearQuery,
    answer: schemas.clearedAnswer,
    run: ({ query }) => ({
      cleared:
        query.model === undefined
          ? running().clearFaults()
          : running().clearFaults(canonical(snapshot(), query.model)),
    }),
  });
  mount(app, {
    method: 'get',
    path: '/emulator/bill',
    tag,
    summary: 'What the emulated providers would bill',
    answer: schemas.bill,
    run: () => viewBill(running().bill()),
  });
}

function mountSet(app: ControlApp, snapshot: () => Snapshot, running: () => EmulatorControls): void {
  mount(app, {
    method: 'put',
    path: '/emulator/faults',
    tag,
    act: 'broke a model of the emulator',
    summary: 'Break a model on the emulator; replaces the fault it has',
    body: schemas.fault,
    answer: schemas.faultAnswer,
    run: ({ body }) => {
      const emulator = running();
      const fault = { ...readFault(body), model: emulatedModel(snapshot(), body.model) };
      emulator.setFault(fault);
      return { fault: viewFault(fault) };
    },
  });
}

/** The slug of a model that an emulator endpoint serves: a fault of any other would never play. */
function emulatedModel(snapshot: Snapshot, name: string): string {
  if (name === '*') return name;
  const slug = canonical(snapshot, name);
  if (isEmulated(snapshot, slug)) return slug;
  const emulated = [...snapshot.endpoints.keys()].filter((known) => isEmulated(snapshot, known));
  const near = suggest(name, emulated);
  const fix = near ? `did you mean ${near}?` : 'see GET /v1/models';
  throw new ApiError(400, 'invalid_request', `no emulated provider serves ${name}: ${fix}`, 'model');
}

function isEmulated(snapshot: Snapshot, slug: string): boolean {
  const endpoints = snapshot.endpoints.get(slug) ?? [];
  return endpoints.some((endpoint) => endpoint.provider.baseUrl.startsWith('emulator:'));
}

function canonical(snapshot: Snapshot, name: string): string {
  return findModel(snapshot.catalogue, name)?.slug ?? name;
}
