/**
 * Faults that are planted on purpose, each by one replacement: the simulator must catch every one of them. A text that
 * is searched for occurs exactly once; where the code has changed, the fault is planted anew.
 */

export type Planted = {
  readonly name: string;
  readonly file: string;
  readonly search: string;
  readonly replace: string;
};

const inFile =
  (file: string) =>
  (name: string, search: string, replace: string): Planted => ({ name, file, search, replace });

const walk = inFile('src/request/walk.ts');
const attempt = inFile('src/request/attempt.ts');
const hold = inFile('src/request/hold.ts');
const settle = inFile('src/request/settle.ts');
const ticket = inFile('src/adapters/ledger-ticket.ts');
const counter = inFile('src/core/counter.ts');
const chain = inFile('src/core/chain.ts');
const lack = inFile('src/core/lack.ts');
const failure = inFile('src/core/failure.ts');
const breaker = inFile('src/core/breaker.ts');
const health = inFile('src/adapters/health.ts');
const front = inFile('src/request/front.ts');

export const planted: readonly Planted[] = [
  walk('attempts are not counted', 'trail.attempts.length >= request.route.failover.attempts', 'false'),
  walk("a caller's mistake goes down the chain", 'if (!mayTryNext(', 'if (false && !mayTryNext('),
  walk('attempts begin however late it is', '> request.route.failover.timeouts.startBy', '> Infinity'),
  walk('premium is never paid', 'limitCost(settled), premium,', 'limitCost(settled), premium: zero,'),
  walk('what failed is paid nothing', 'usd: limitCost(settled)', 'usd: settled.cost'),
  walk('breakers hear of no failure', 'call.settle(failure);', 'call.settle();'),
  attempt(
    'an answer that was cut passes for complete',
    "this.#phase === 'flowing' && this.#order.translator.finished()) return",
    "this.#phase === 'flowing') return",
  ),
  attempt(
    'silence in the middle is waited for',
    'this.#firstToken = this.#clock.ticks() - this.#began;\n    this.#watchIdle(',
    'this.#firstToken = this.#clock.ticks() - this.#began;\n    ((_: number) => this.#stopTimer())(',
  ),
  attempt(
    'a connection is waited for as long as an answer',
    "this.#arm(connect, 'no connection')",
    "this.#arm(total, 'no connection')",
  ),
  attempt(
    'the first event counts as content',
    "if (step.content && this.#phase === 'starting')",
    "if (this.#phase === 'starting')",
  ),
  attempt(
    'who answers behind the end is left connected',
    'clock.after(lingerMs, () => exchange',
    'clock.after(36e5, () => exchange',
  ),
  inFile('src/request/departure.ts')(
    'a client that left is not noticed while somebody answers',
    'left();\n      this.#abandon(why);',
    'left();',
  ),
  inFile('src/request/relay.ts')(
    'a client that read slowly gets no more',
    'reply.drained(() => stream.resume())',
    'reply.drained(() => undefined)',
  ),
  hold('nothing is held', 'await input.ticket.hold(target, demand)', 'nothingHeld as Hold | Denial'),
  hold('answers are held for as if they had no tokens', '? 0 : cap', '? 0 : 0'),
  hold(
    'an output cap that was lowered is not sent',
    'if (cap === merged.outputCap) return',
    'if (cap > 0) return',
  ),
  settle('what broke off counts nothing', 'unmeasured, ...carriedBy(end, price, unmeasured)', 'unmeasured'),
  settle('refusals are billed', '(!facts.written || facts.status >= 400)', '!facts.written'),
  inFile('src/core/carried.ts')(
    'every provider stops billing when a client hangs up',
    'if (hidden || !received) return cap',
    'if (hidden) return cap',
  ),
  inFile('src/request/conclude.ts')('a ticket is not given back', 'trail.ticket?.close() ?? []', '[]'),
  ticket(
    'what others hold is not counted',
    'claim.amount <= this.#room(claim, false)) continue',
    'claim.amount <= this.#room(claim, true)) continue',
  ),
  ticket(
    'money is spent that no lease covers',
    'if (reached && !short && !late) return hold',
    'if (!late) return hold',
  ),
  ticket(
    'limits on requests at once are never freed',
    'counter.free(amount);\n    const freed',
    'void [counter, amount];\n    const freed',
  ),
  inFile('src/adapters/ledger.ts')(
    'windows never end',
    'return now >= starts && now < ends',
    'return now >= starts || now < ends',
  ),
  counter(
    'what goes beyond a hold is not paid',
    'this.spent += paid;',
    'this.spent += Math.min(amount, paid);',
  ),
  counter(
    'what was not sent stays held',
    'free(amount: number): void {',
    'free(amount: number): void {\n    if (amount > 1) return;',
  ),
  chain('the floor is forgotten', 'candidate.position > 0 && preset?.floor', 'false && preset?.floor'),
  lack('models without tools are asked to use them', 'if (needs.tools && ', 'if (false && needs.tools && '),
  lack(
    'long prompts are sent to short models',
    'needs.promptTokens + room > endpoint.context',
    'room > endpoint.context',
  ),
  chain('the dearest goes first', 'price(a) - price(b)', 'price(b) - price(a)'),
  failure('an empty account is a mistake of the caller', 'status === 402 ||', 'false ||'),
  failure(
    'errors of servers are mistakes of callers',
    "if (status >= 500) return 'server_error'",
    "if (status >= 500) return 'caller'",
  ),
  inFile('src/core/verdict.ts')(
    'the last error is told, not the first',
    "=== 'caller') ?? failed[0]",
    "=== 'caller') ?? failed.at(-1)!",
  ),
  breaker(
    'what a provider asks for is not heard',
    'Math.min(Math.max(ms, leastWaitMs), mostWaitMs)',
    'leastWaitMs',
  ),
  breaker('breakers open late', 'const rowLimit = 3', 'const rowLimit = 30'),
  breaker('everybody probes at once', "=== 'half-open'\n        ?", "=== 'no state'\n        ?"),
  health('a probe is never given back', "this.#tellBoth(endpoint, secret, { kind: 'returned', id });", ''),
  health(
    'a refused credential is used again',
    '(blame)\n      this.#tell(',
    '(blame && !blame.atOnce)\n      this.#tell(',
  ),
  front('a broken stream ends well', 'this.#reply.abort()', 'this.#reply.end()'),
  front('hearts beat too slowly', 'const heartbeatMs = 15_000', 'const heartbeatMs = 40_000'),
  inFile('src/request/respond.ts')('fallbacks are silent', 'String(served.position > 0)', "'false'"),
  inFile('src/dialects/chat/error.ts')(
    'a broken stream says stop',
    "finish_reason: 'error'",
    "finish_reason: 'stop'",
  ),
  inFile('src/dialects/messages/error.ts')(
    'a broken message says that it stops',
    "namedFrame('error'",
    "namedFrame('message_stop'",
  ),
  inFile('src/serve.ts')(
    'a stream that broke is concluded as a good one',
    "if (end.kind === 'broken')",
    'if (false)',
  ),
  inFile('src/serve.ts')('nobody is told who was left out', 'trail.skipped = plan.skipped;', ''),
];
