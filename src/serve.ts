/**
 * The story of a request: authenticate → resolve → plan → hold → attempt → relay → settle.
 * It is told once, here; each verb takes what it needs and returns what it found. Every way out passes `conclude`.
 */
import type { Caller } from './core/budget.ts';
import { makePlan } from './core/chain.ts';
import { problem, Refused } from './core/problem.ts';
import { resolve } from './core/resolve.ts';
import { presetsOf } from './core/route.ts';
import type { Key, Snapshot } from './core/snapshot.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Reply, World } from './ports.ts';
import { admit } from './request/admit.ts';
import { authenticate, type Digest, type Headers } from './request/authenticate.ts';
import { expectRetry, recognise } from './request/client-retry.ts';
import { counting } from './request/counting.ts';
import { threadOf } from './request/conversation.ts';
import { billOf, conclude, concludeBadly, noteFinish, type Visit } from './request/conclude.ts';
import { Departure } from './request/departure.ts';
import { Front } from './request/front.ts';
import { outlookOf } from './request/outlook.ts';
import { patienceMs } from './request/patience.ts';
import { relay } from './request/relay.ts';
import { routeFacts } from './request/route-facts.ts';
import { followPlace } from './request/stay.ts';
import { beginTrail, type Trail } from './request/trail.ts';
import { walk, type Serving } from './request/walk.ts';

/** A request as it comes in: header names in lower case; the body is read, and decoded, only for those who may ask. */
export type Inbound = { readonly dialect: Dialect; readonly headers: Headers; body(): Promise<Buffer> };

/** What a request is served with: the world, and the one configuration it will see. */
export type Gateway = { readonly world: World; readonly snapshot: Snapshot; readonly digest: Digest };

/** Serves one request from its first byte to its record. Never rejects. */
export async function serve(inbound: Inbound, reply: Reply, gateway: Gateway): Promise<void> {
  const { world } = gateway;
  const trail = beginTrail(inbound, gateway.snapshot.revision, world);
  const front = new Front(reply, world.clock, trail, inbound.dialect);
  const left = (): void => {
    front.close();
    expectRetry(trail, world);
  };
  const departure = new Departure(reply, left, world.drains);
  const visit: Visit = { trail, front, reply, world, departure };
  let serving: Serving | undefined;
  try {
    serving = await findServer(inbound, gateway, visit);
    if (serving.kind === 'whole') sendWhole(serving, visit);
    else await sendStream(serving, visit);
  } catch (error) {
    serving?.abandon();
    concludeBadly(error, visit);
  } finally {
    front.close();
    departure.close();
  }
}

async function findServer(
  inbound: Inbound,
  { world, snapshot, digest }: Gateway,
  { trail, front, departure }: Visit,
): Promise<Serving> {
  const key = (trail.key = authenticate(inbound.headers, snapshot, { digest, now: trail.at }));
  const ask = (trail.ask = inbound.dialect.read(await inbound.body()));
  const retry = recognise(trail, inbound.headers, world);
  if (retry) trail.clientRetry = retry;
  const { dialect, headers } = inbound;
  const thread = threadOf(ask, headers, digest);
  const seed = (): string => thread.name() ?? ask.user ?? trail.id;
  const route = (trail.route = resolve(ask, key, snapshot, routeFacts(ask, headers, trail.at, seed)));
  if (ask.stream) front.keepAlive();
  const patience = Math.min(patienceMs, route.failover.timeouts.startBy);
  const waiting = { world, departure, deadline: trail.began + patience };
  const ticket = (trail.ticket = await admit(callerOf(trail, key), waiting, snapshot));
  const downgrade = ticket.downgrade();
  const { workspace } = key;
  const made = makePlan({
    ask,
    route,
    workspace,
    snapshot,
    now: trail.at,
    instead: downgrade?.to,
    health: world.health,
    outlook: outlookOf({ seed: trail.id, workspace, conversation: thread.name, world }),
  });
  const { stays, health } = world;
  const plan = followPlace(made, { key, route, thread, now: trail.at, stays, health });
  trail.skipped = plan.skipped;
  trail.warnings = downgrade && plan.downgraded ? [...route.warnings, downgrade.why] : route.warnings;
  if (plan.primary) trail.primary = plan.primary;
  const request = {
    generation: trail.id,
    at: trail.at,
    dialect,
    ask,
    route,
    workspace,
    signatures: world.signatures,
    headers,
    ownProviders: snapshot.providers,
    contact: snapshot.workspaces.get(workspace)?.contact,
    thread,
    counted: counting(ask, world.tokens),
  };
  const { steps, order, resting } = plan;
  return await walk({ request, steps, order, resting: resting.slice(), trail, ticket, ...waiting });
}

function callerOf({ route, ask }: Trail, { workspace, name }: Key): Caller {
  return {
    workspace,
    key: name,
    preset: route?.preset?.slug,
    via: route && presetsOf(route.hops),
    user: ask?.user,
  };
}

function sendWhole(serving: Serving & { readonly kind: 'whole' }, { trail, front, world }: Visit): void {
  noteFinish(trail, serving.answer.facts);
  const bill = billOf(trail, serving.settle());
  conclude(trail, world, { ending: 'ok' });
  front.whole(serving.answer.compose(bill), bill);
}

async function sendStream(
  serving: Serving & { readonly kind: 'stream' },
  { trail, front, reply, world }: Visit,
): Promise<void> {
  front.openStream();
  const end = await relay(serving.stream, reply);
  noteFinish(trail, serving.stream.translator.facts());
  if (end.kind === 'broken') {
    serving.settle(end.failure);
    throw new Refused(
      problem(
        'stream_interrupted',
        `The answer broke off: ${end.failure.class}. What was sent before is incomplete.`,
      ),
    );
  }
  const bill = billOf(trail, serving.settle());
  conclude(trail, world, { ending: 'ok' });
  reply.end(serving.stream.translator.closing(bill));
}
