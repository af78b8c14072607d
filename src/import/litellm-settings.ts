/** The settings of a LiteLLM config that have no place in a document: why, and where the same thing is said here. */
import { entryOf, fieldsOf, isNothing } from './loose.ts';
import type { At, Report, Source } from './report.ts';

/** Read elsewhere. */
const read: ReadonlySet<string> = new Set(
  [
    'model_list credential_list',
    'fallbacks context_window_fallbacks content_policy_fallbacks default_fallbacks timeout request_timeout stream_timeout',
    'routing_strategy model_group_alias provider_budget_config max_budget budget_duration global_max_parallel_requests',
  ]
    .join(' ')
    .split(' '),
);

/** True here without being said. */
const always: Readonly<Record<string, string>> = {
  drop_params: 'always so: what a model does not take is left out, with a warning on the answer',
  enable_pre_call_checks: 'always so: a prompt that is too long for a model is not sent to it',
  routing_strategy_args: 'how fast who is gets measured by what is served',
  store_model_in_db: 'always so: what is applied is kept in the data directory',
};

const breakers = 'breakers decide by the class of each failure, and for how long (docs/health.md)';
const noNeed = 'nothing to set: one process with an embedded database';

const instead: Readonly<Record<string, string>> = {
  num_retries: 'the next endpoint is asked instead; failover.attempts bounds them all (5)',
  retry_after: 'the next endpoint is asked instead',
  retry_policy: 'failover.on says which failures go on to the next endpoint',
  max_fallbacks: 'failover.attempts bounds how many are asked (5)',
  allowed_fails: breakers,
  allowed_fails_policy: breakers,
  cooldown_time: breakers,
  disable_cooldowns: breakers,
  enable_tag_filtering: 'tags do not choose models here: write a preset for each',
  master_key: 'the admin key is SPILLWAY_ADMIN_KEY; inference keys come from /key/list',
  database_url: noNeed,
  redis_host: noNeed,
  redis_port: noNeed,
  redis_password: noNeed,
  redis_url: noNeed,
  cache: 'answers are not cached here; the prompt caches of the providers stay warm',
  cache_params: 'answers are not cached here',
  callbacks: 'records are kept here: spillway tail, spillway spend, GET /v1/generation',
  success_callback: 'records are kept here: spillway tail, spillway spend, GET /v1/generation',
  failure_callback: 'records are kept here: spillway tail, spillway events',
  alerting: 'alerts are a section of the document',
  max_parallel_requests: 'write { concurrent: N } as a limit of a model or a provider',
  budget_fallbacks: 'write downgrade: { at: …, to: […] } at a limit',
  timezone: 'windows are UTC here: limits reset at midnight UTC',
  environment_variables: 'set them where the gateway is started',
  guardrails: 'there are no guardrails here',
};

const sections = ['litellm_settings', 'router_settings', 'general_settings'];

/** Says of each setting that was not read what holds instead. Values are never repeated: some are secrets. */
export function tellSettings(source: Source, report: Report): void {
  const config = fieldsOf(source.value);
  const fields = [
    ...Object.entries(config).filter(([name]) => !sections.includes(name)),
    ...sections.flatMap((section) =>
      Object.entries(fieldsOf(config[section])).map(([name, value]) => [name, value, section] as const),
    ),
  ];
  for (const [name, value, section] of fields) {
    if (read.has(name) || isNothing(value)) continue;
    const at: At = { source, path: section === undefined ? [name] : [section, name] };
    const so = entryOf(always, name);
    if (so !== undefined) report.carried(at, so);
    else report.lost(at, entryOf(instead, name) ?? 'nothing here corresponds to it');
  }
}
